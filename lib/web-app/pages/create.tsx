// Making a game. The clock is said in words, with the first deadlines that it would have.
import { useState } from 'preact/hooks';
import { CommandError, type Engine } from '../../client/browser.ts';
import { problemFinder } from '../../engine/schema-problems.ts';
import { usePlayer, useWords } from '../context.ts';
import { isRecord } from '../is-record.ts';
import { localTime } from '../local-time.ts';
import { Async, Labelled, Problem, useAct } from '../parts/basics.tsx';
import { type ClockChoice, ClockForm, clockOf, firstClock } from '../parts/clock-form.tsx';
import { DeadlineField, DescriptionField, GameNameField } from '../parts/fields.tsx';
import { gameTitle } from '../parts/game-card.tsx';
import { RaceNameField } from '../parts/race-name-field.tsx';
import { type ChosenCount, type PlayerCount, playerCount } from '../player-count.ts';
import { goTo } from '../router.ts';
import { emptyValue } from '../schema-field.ts';
import { SchemaForm } from '../schema-form.tsx';
import { serverNow } from '../server-time.ts';
import { useEngines } from '../use-engines.ts';

export function CreatePage() {
  const { text } = useWords();
  const engines = useEngines();
  return (
    <main class="narrow">
      <h1>{text.create.title}</h1>
      <Async of={engines}>{(offered) => <CreateForm engines={newestOf(offered)} />}</Async>
    </main>
  );
}

/** Of each game the version that the catalogue has last. */
function newestOf(engines: readonly Engine[]): Engine[] {
  return [...new Map(engines.map((engine) => [engine.family, engine])).values()];
}

type Draft = {
  readonly name: string;
  readonly description: string;
  readonly isPrivate: boolean;
  readonly count: ChosenCount;
  readonly options: unknown;
  readonly clock: ClockChoice;
  readonly endsAt: string;
  readonly spectators: boolean;
  /** Of a game that everyone can apply for. */
  readonly autoApprove: boolean;
  readonly raceName: string | null;
};

function draftFor({ manifest: { options_schema: schema, spectator_view: view } }: Engine): Draft {
  return {
    name: '',
    description: '',
    isPrivate: false,
    count: {},
    options: emptyValue(schema, schema) ?? {},
    clock: firstClock,
    endsAt: localTime(serverNow() + 3 * 86_400_000),
    spectators: view,
    autoApprove: false,
    raceName: '',
  };
}

function countOf({ manifest: { seats } }: Engine, { options, count }: Draft): PlayerCount {
  const bots = isRecord(options) && typeof options.bots === 'number' ? options.bots : 0;
  return playerCount(seats, bots, count);
}

function CreateForm({ engines }: { engines: readonly Engine[] }) {
  const { text } = useWords();
  const player = usePlayer();
  const { busy, error, act } = useAct();
  const [family, setFamily] = useState(engines[0]?.family);
  const engine = engines.find((one) => one.family === family);
  const [drafts, setDrafts] = useState<Readonly<Record<string, Draft>>>({});
  if (engine === undefined) return <p class="nothing">{text.none}</p>;
  const draft = drafts[engine.family] ?? draftFor(engine);
  const change = (changed: Partial<Draft>) =>
    setDrafts({ ...drafts, [engine.family]: { ...draft, ...changed } });
  const problems = problemFinder(engine.manifest.options_schema)(draft.options);

  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (problems.length === 0)
          act(async () => goTo({ page: 'game', gameId: await make(player, engine, draft) }));
      }}
    >
      <fieldset class="card">
        <legend>{text.create.game}</legend>
        <div class="choices">
          {engines.map((one) => (
            <label key={one.family} class="choice">
              <input
                type="radio"
                name="family"
                checked={one.family === family}
                onChange={() => setFamily(one.family)}
              />
              {gameTitle(one.family)}
            </label>
          ))}
        </div>
        <GameNameField id="name" value={draft.name} onChange={(name) => change({ name })} />
        <DescriptionField
          id="description"
          value={draft.description}
          onChange={(description) => change({ description })}
        />
      </fieldset>
      <Players engine={engine} draft={draft} onChange={change} />
      <fieldset class="card">
        <legend>{text.create.options}</legend>
        <SchemaForm
          key={engine.family}
          schema={engine.manifest.options_schema}
          value={draft.options}
          problems={problems}
          text={text.form}
          onChange={(options) => change({ options })}
        />
      </fieldset>
      <fieldset class="card">
        <legend>{text.create.clock}</legend>
        <ClockForm clock={draft.clock} onChange={(clock) => change({ clock })} />
      </fieldset>
      <Problem error={error} />
      <button type="submit" class="primary large" disabled={busy}>
        {text.create.make}
      </button>
    </form>
  );
}

function Players(props: { engine: Engine; draft: Draft; onChange: (changed: Partial<Draft>) => void }) {
  const { engine, draft, onChange } = props;
  const { text } = useWords();
  const { seats, spectator_view: hasSpectators } = engine.manifest;
  const { min, max } = countOf(engine, draft);
  return (
    <fieldset class="card">
      <legend>{text.create.who}</legend>
      <p class="help">
        {seats.min === seats.max
          ? text.create.seatsExactly(seats.max)
          : text.create.seats(seats.min, seats.max)}
      </p>
      <div class="pair">
        <NumberField
          id="min"
          label={text.create.min}
          value={min}
          max={seats.max}
          onChange={(least) => onChange({ count: { min: least, max: Math.max(least, max) } })}
        />
        <NumberField
          id="max"
          label={text.create.max}
          value={max}
          max={seats.max}
          onChange={(most) => onChange({ count: { max: most, min: Math.min(most, min) } })}
        />
      </div>
      <div class="choices">
        {[false, true].map((isPrivate) => (
          <label key={String(isPrivate)} class="choice">
            <input
              type="radio"
              name="type"
              checked={draft.isPrivate === isPrivate}
              onChange={() => onChange({ isPrivate })}
            />
            {isPrivate ? text.create.private : text.create.open}
          </label>
        ))}
      </div>
      {!draft.isPrivate && (
        <label class="check">
          <input
            type="checkbox"
            checked={draft.autoApprove}
            onChange={({ currentTarget: { checked: autoApprove } }) => onChange({ autoApprove })}
          />
          {text.create.autoApprove}
        </label>
      )}
      <DeadlineField id="ends" value={draft.endsAt} onChange={(endsAt) => onChange({ endsAt })} />
      {hasSpectators && (
        <label class="check">
          <input
            type="checkbox"
            checked={draft.spectators}
            onChange={({ currentTarget: { checked: spectators } }) => onChange({ spectators })}
          />
          {text.create.spectators}
        </label>
      )}
      <label class="check">
        <input
          type="checkbox"
          checked={draft.raceName !== null}
          onChange={({ currentTarget: { checked } }) => onChange({ raceName: checked ? '' : null })}
        />
        {text.create.iPlay}
      </label>
      {draft.raceName !== null && (
        <RaceNameField value={draft.raceName} onChange={(raceName) => onChange({ raceName })} />
      )}
    </fieldset>
  );
}

function NumberField(props: {
  id: string;
  label: string;
  value: number;
  max: number;
  onChange: (value: number) => void;
}) {
  const { id, label, value, max, onChange } = props;
  return (
    <Labelled id={id} label={label}>
      <input
        id={id}
        type="number"
        inputMode="numeric"
        required
        min={1}
        max={max}
        value={value}
        onChange={({ currentTarget }) =>
          onChange(Math.min(max, Math.max(1, Number(currentTarget.value) || 1)))
        }
      />
    </Labelled>
  );
}

/** Makes the game, lets players join, and takes a place for the owner. @returns its id. */
async function make({ client }: ReturnType<typeof usePlayer>, engine: Engine, draft: Draft): Promise<string> {
  const { lobby } = client;
  const { min, max } = countOf(engine, draft);
  const { game_id: gameId } = await lobby.game.create({
    game_type: draft.isPrivate ? 'private' : 'public',
    game_name: draft.name.trim(),
    description: draft.description.trim(),
    min_players: min,
    max_players: max,
    enrollment_ends_at: new Date(draft.endsAt).toISOString(),
    options: isRecord(draft.options) ? draft.options : {},
    engine_family: engine.family,
    target_engine_version: engine.version,
    spectators: draft.spectators,
    auto_approve: draft.autoApprove && !draft.isPrivate,
    ...clockOf(draft.clock),
  });
  await lobby.game.openEnrollment({ game_id: gameId });
  // What is wrong with the name is shown by the page of the game, where another one can be chosen.
  if (draft.raceName !== null) {
    await lobby.application.submit({ game_id: gameId, race_name: draft.raceName.trim() }).catch(onlyRefused);
  }
  return gameId;
}

function onlyRefused(error: unknown): void {
  if (!(error instanceof CommandError)) throw error;
}
