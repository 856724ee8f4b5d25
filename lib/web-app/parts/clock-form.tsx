// The clock of a game: how long a turn takes, or when turns are due, in words and with the first deadlines.
import { usePlayer, useWords } from '../context.ts';
import { clockWords, durationWords, timeWords } from '../time-words.ts';
import { useLoad } from '../use-load.ts';
import { useSettled } from '../use-settled.ts';
import { Async, Labelled } from './basics.tsx';

export type ClockChoice = {
  readonly kind: 'per_turn' | 'at_times';
  readonly seconds: number;
  readonly time: string;
  /** From 1 (Monday) to 7. */
  readonly days: readonly number[];
  readonly quietDays: readonly number[];
  readonly early: boolean;
};

const allDays = [1, 2, 3, 4, 5, 6, 7];
const durations = [60, 300, 900, 3_600, 6 * 3_600, 86_400, 3 * 86_400, 7 * 86_400];

export const firstClock: ClockChoice = {
  kind: 'per_turn',
  seconds: 86_400,
  time: '20:00',
  days: allDays,
  quietDays: [],
  early: true,
};

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** As the lobby takes it. */
export function clockOf(choice: ClockChoice) {
  const { kind, seconds, time, days, quietDays, early } = choice;
  const [hour = '20', minute = '0'] = time.split(':');
  const onDays = days.length === 7 || days.length === 0 ? '*' : days.toSorted().join(',');
  return {
    turn_seconds: kind === 'per_turn' ? seconds : null,
    turn_schedule: kind === 'per_turn' ? null : `${Number(minute)} ${Number(hour)} * * ${onDays}`,
    time_zone: zone,
    quiet_days: kind === 'per_turn' ? [...quietDays] : [],
    grace_seconds: 0,
    early: early ? ('all_ready' as const) : ('off' as const),
  };
}

export function ClockForm({
  clock,
  onChange,
}: {
  clock: ClockChoice;
  onChange: (clock: ClockChoice) => void;
}) {
  const { language, text } = useWords();
  const change = (changed: Partial<ClockChoice>) => onChange({ ...clock, ...changed });
  return (
    <>
      <div class="choices">
        {(['per_turn', 'at_times'] as const).map((kind) => (
          <label key={kind} class="choice">
            <input
              type="radio"
              name="clock"
              checked={clock.kind === kind}
              onChange={() => change({ kind })}
            />
            {kind === 'per_turn' ? text.create.perTurn : text.create.atTimes}
          </label>
        ))}
      </div>
      {clock.kind === 'per_turn' ? (
        <>
          <Labelled id="seconds" label={text.create.perTurnTime}>
            <select
              id="seconds"
              value={String(clock.seconds)}
              onChange={({ currentTarget }) => change({ seconds: Number(currentTarget.value) })}
            >
              {durations.map((seconds) => (
                <option key={seconds} value={String(seconds)}>
                  {durationWords(seconds, language)}
                </option>
              ))}
            </select>
          </Labelled>
          <Days
            legend={text.create.quiet}
            days={clock.quietDays}
            onChange={(quietDays) => change({ quietDays })}
          />
        </>
      ) : (
        <>
          <Labelled id="time" label={text.create.atTime}>
            <input
              id="time"
              type="time"
              required
              value={clock.time}
              onInput={({ currentTarget }) => change({ time: currentTarget.value })}
            />
          </Labelled>
          <Days legend={text.create.onDays} days={clock.days} onChange={(days) => change({ days })} />
        </>
      )}
      <label class="check">
        <input
          type="checkbox"
          checked={clock.early}
          onChange={({ currentTarget }) => change({ early: currentTarget.checked })}
        />
        {text.create.early}
      </label>
      <Preview clock={clock} />
    </>
  );
}

function Days(props: { legend: string; days: readonly number[]; onChange: (days: number[]) => void }) {
  const { legend, days, onChange } = props;
  const { text } = useWords();
  return (
    <fieldset class="days">
      <legend>{legend}</legend>
      {allDays.map((day) => (
        <label key={day} class="day">
          <input
            type="checkbox"
            checked={days.includes(day)}
            onChange={({ currentTarget: { checked } }) =>
              onChange(checked ? [...days, day] : days.filter((other) => other !== day))
            }
          />
          <span aria-hidden="true">{text.days[day - 1]?.slice(0, 2)}</span>
          <span class="only-heard">{text.days[day - 1]}</span>
        </label>
      ))}
    </fieldset>
  );
}

function Preview({ clock }: { clock: ClockChoice }) {
  const { client } = usePlayer();
  const { language, text } = useWords();
  const asked = useSettled(JSON.stringify(clockOf(clock)));
  const preview = useLoad(asked, () => {
    const { early: _, ...settings } = JSON.parse(asked) as ReturnType<typeof clockOf>;
    return client.lobby.clock.preview(settings);
  });
  return (
    <div class="preview">
      <p>{clockWords(clockOf(clock), language, text)}</p>
      <Async of={preview}>
        {({ deadlines }) => (
          <>
            <p class="help">{text.create.next}</p>
            <ol>
              {deadlines.map(({ due_at: dueAt }) => (
                <li key={dueAt}>{timeWords(dueAt, language)}</li>
              ))}
            </ol>
          </>
        )}
      </Async>
    </div>
  );
}
