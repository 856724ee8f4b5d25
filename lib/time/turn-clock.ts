// When turns are due and close: by a schedule, or so many seconds after the turn before, outside quiet days.
import { CountedTime } from './quiet-days.ts';
import { nextTurnAt } from './turn-schedule.ts';

/** A game has a schedule, in its time zone, or a length of turns. */
export type TurnClock = {
  /** Five-field cron expression. */
  readonly turnSchedule: string | null;
  /** IANA name. */
  readonly timeZone: string;
  /** From the opening of a turn until it is due, quiet days not counted. */
  readonly turnSeconds: number | null;
  /** How far a deadline is at least from the playing of the turn before. */
  readonly minTurnSeconds: number | null;
  /** ISO weekdays, from 1 (Monday) to 7 (Sunday). */
  readonly quietDays: readonly number[];
  /** How long a turn that is due waits for awaited seats that have given nothing. */
  readonly graceSeconds: number;
};

/** When the first turn is due. @throws Error when the schedule cannot be read, or never comes due. */
export function firstDue(clock: TurnClock, openedAt: Date): Date {
  return nextDue(clock, { dueAt: null, playedAt: openedAt });
}

/**
 * When the turn after this one is due. A schedule goes on after the time that this turn was due at, so that a turn which
 * was played early does not bring another one at that time; and after it was played, so that nothing is made up for.
 * @throws Error when the schedule cannot be read, or never comes due.
 */
export function nextDue(
  clock: TurnClock,
  { dueAt, playedAt }: { readonly dueAt: Date | null; readonly playedAt: Date },
): Date {
  if (clock.turnSeconds !== null) return new CountedTime(clock).add(playedAt, clock.turnSeconds * 1_000);
  return scheduledAfter(clock, laterOf(dueAt, playedAt.getTime() + minTurnMs(clock)));
}

/** When a turn closes at the latest. */
export function latestClosing({ graceSeconds }: Pick<TurnClock, 'graceSeconds'>, dueAt: Date): Date {
  return new Date(dueAt.getTime() + graceSeconds * 1_000);
}

/** The next turns of a game whose first one opens at `from`, if each is played when it is due. @throws Error as `nextDue` */
export function nextDeadlines(
  clock: TurnClock,
  from: Date,
  count: number,
): { readonly dueAt: Date; readonly closesAt: Date }[] {
  const deadlines: { dueAt: Date; closesAt: Date }[] = [];
  for (let dueAt = firstDue(clock, from); ; dueAt = nextDue(clock, { dueAt, playedAt: dueAt })) {
    deadlines.push({ dueAt, closesAt: latestClosing(clock, dueAt) });
    if (deadlines.length >= count) return deadlines;
  }
}

/** The first time of the schedule after an instant, outside quiet days. @throws Error as `nextDue` */
export function scheduledAfter({ turnSchedule, timeZone, quietDays }: TurnClock, after: Date): Date {
  const next = turnSchedule === null ? undefined : nextTurnAt(turnSchedule, timeZone, after, quietDays);
  if (next === undefined) throw new Error(`the schedule ${turnSchedule} never comes due`);
  return next;
}

export function minTurnMs({ minTurnSeconds }: Pick<TurnClock, 'minTurnSeconds'>): number {
  return (minTurnSeconds ?? 0) * 1_000;
}

export function laterOf(time: Date | null, other: number): Date {
  return new Date(Math.max(time?.getTime() ?? other, other));
}
