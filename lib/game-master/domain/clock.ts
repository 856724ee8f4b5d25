// What a pause does to the clock of a game.
import { CountedTime } from '../../time/quiet-days.ts';
import { laterOf, minTurnMs, scheduledAfter, type TurnClock } from '../../time/turn-clock.ts';

/** A turn that was about to close when its game paused is open for this long after the game resumes. */
const leastRemainingMs = 1_000;

/**
 * What is left of a turn whose game pauses, quiet days not counted; below zero once its grace has begun. null by a
 * schedule, whose times stay what they are.
 */
export function pauseClock(clock: TurnClock, dueAt: Date, pausedAt: Date): number | null {
  if (clock.turnSeconds === null) return null;
  const left =
    pausedAt < dueAt ? new CountedTime(clock).between(pausedAt, dueAt) : dueAt.getTime() - pausedAt.getTime();
  return Math.max(left, leastRemainingMs - clock.graceSeconds * 1_000);
}

/** What is left of a turn that opens while its game is paused. */
export function wholeTurn({ turnSeconds }: Pick<TurnClock, 'turnSeconds'>): number | null {
  return turnSeconds === null ? null : turnSeconds * 1_000;
}

/**
 * When the turn of a game is due that resumes. A schedule keeps its times, after that of the turn before.
 * @param paused.lastDueAt when the turn was due that was played last.
 * @throws Error when the schedule cannot be read, or never comes due.
 */
export function resumeClock(
  clock: TurnClock,
  paused: { readonly remainingMs: number | null; readonly lastDueAt: Date | null },
  resumedAt: Date,
): Date {
  if (clock.turnSeconds === null) {
    return scheduledAfter(clock, laterOf(paused.lastDueAt, resumedAt.getTime() + minTurnMs(clock) - 1));
  }
  const left = paused.remainingMs ?? clock.turnSeconds * 1_000;
  return left > 0 ? new CountedTime(clock).add(resumedAt, left) : new Date(resumedAt.getTime() + left);
}
