// When the next turn of a game is due.
import { nextTurnAt } from '../../time/turn-schedule.ts';
import type { Runtime } from './runtime.ts';

/**
 * @param after when the last turn was played, or passed without being played: a turn that was missed since is due at once,
 * and whatever else was missed with it is not made up for.
 * @param intervalMs between two turns, instead of the schedule.
 * @throws Error when the schedule cannot be read, or never comes due.
 */
export function nextDue(
  { turnSchedule, timeZone }: Pick<Runtime, 'turnSchedule' | 'timeZone'>,
  intervalMs: number | undefined,
  after: Date,
): Date {
  if (intervalMs !== undefined) return new Date(after.getTime() + intervalMs);
  const next = nextTurnAt(turnSchedule, timeZone, after);
  if (next === undefined) throw new Error(`the schedule ${turnSchedule} never comes due`);
  return next;
}
