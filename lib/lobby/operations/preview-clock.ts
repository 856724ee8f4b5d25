import { invalidFields } from '../../http/field-problems.ts';
import { nextDeadlines, type TurnClock } from '../../time/turn-clock.ts';
import type { Lobby } from '../context.ts';
import { clockProblems } from '../domain/game.ts';

const shown = 3;

/**
 * The first deadlines of a game with this clock, if every turn is played when it is due.
 * @param from when its first turn opens; now unless given.
 * @throws Refusal `invalid_request` with what would keep a game from being made with this clock.
 */
export function previewClock(
  lobby: Pick<Lobby, 'minTurnIntervalMs' | 'now'>,
  clock: TurnClock,
  from: Date | undefined,
): ReturnType<typeof nextDeadlines> {
  const now = lobby.now();
  const problems = clockProblems(clock, now, lobby.minTurnIntervalMs);
  if (problems.length > 0) throw invalidFields(problems);
  return nextDeadlines(clock, from ?? now, shown);
}
