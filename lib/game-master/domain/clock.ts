// When turns are due: by a schedule, or so many seconds after the turn before.
import { nextTurnAt } from '../../time/turn-schedule.ts';

/** A game has a schedule, in its time zone, or a length of turns. */
export type Clock = {
  readonly turnSchedule: string | null;
  readonly timeZone: string;
  readonly turnSeconds: number | null;
};

/** A turn that was due a moment ago when its game paused is open for this long after the game resumes. */
const leastRemainingMs = 1_000;

/** When the first turn is due. @throws Error when the schedule cannot be read. */
export function firstDue(clock: Clock, openedAt: Date): Date {
  return nextDue(clock, { dueAt: null, playedAt: openedAt });
}

/**
 * When the turn after this one is due. A schedule goes on after the time that this turn was due at, so that a turn which
 * was played early does not bring another one at that time; and after it was played, so that nothing is made up for.
 * @throws Error when the schedule cannot be read.
 */
export function nextDue(
  clock: Clock,
  played: { readonly dueAt: Date | null; readonly playedAt: Date },
): Date {
  const { dueAt, playedAt } = played;
  if (clock.turnSeconds !== null) return new Date(playedAt.getTime() + clock.turnSeconds * 1_000);
  return scheduledAfter(clock, dueAt !== null && dueAt > playedAt ? dueAt : playedAt);
}

/** What is left of a turn whose game pauses; null by a schedule, whose times stay what they are. */
export function pauseClock(clock: Clock, dueAt: Date, pausedAt: Date): number | null {
  if (clock.turnSeconds === null) return null;
  return Math.max(dueAt.getTime() - pausedAt.getTime(), leastRemainingMs);
}

/** What is left of a turn that opens while its game is paused. */
export function wholeTurn({ turnSeconds }: Clock): number | null {
  return turnSeconds === null ? null : turnSeconds * 1_000;
}

/** When the turn of a game is due that resumes. @throws Error when the schedule cannot be read. */
export function resumeClock(clock: Clock, remainingMs: number | null, resumedAt: Date): Date {
  if (clock.turnSeconds === null) return scheduledAfter(clock, resumedAt);
  return new Date(resumedAt.getTime() + (remainingMs ?? clock.turnSeconds * 1_000));
}

function scheduledAfter({ turnSchedule, timeZone }: Clock, after: Date): Date {
  const next = turnSchedule === null ? undefined : nextTurnAt(turnSchedule, timeZone, after);
  if (next === undefined) throw new Error(`the schedule ${turnSchedule} never comes due`);
  return next;
}
