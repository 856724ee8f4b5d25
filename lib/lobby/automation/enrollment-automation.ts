// The enrollment automation closes enrollment by deadline and by gap, and fails starts that have taken too long.
import type { Logger } from '../../telemetry/logger.ts';
import type { Lobby } from '../context.ts';
import { dueClosing } from '../domain/enrollment.ts';
import type { TransitionParts } from '../operations/transition.ts';
import { claimDueGames, claimOverdueStarts } from '../store/games.ts';
import { type DueGames, moveDueGames } from './due-games.ts';

type Automation = TransitionParts & Pick<Lobby, 'db' | 'now'>;

const closings: DueGames = {
  claim: claimDueGames,
  due(game, now) {
    const trigger = dueClosing(game, game.activeMembers, now);
    return trigger && { trigger };
  },
  messages: { moved: 'enrollment closed', failed: 'enrollment could not be closed' },
};

const overdueStarts: DueGames = {
  claim: claimOverdueStarts,
  due: () => ({ trigger: 'start_timeout', reason: 'the Runtime Manager did not respond in time' }),
  messages: { moved: 'start timed out', failed: 'a start that timed out could not be failed' },
};

/** Closes enrollment wherever it is due, until nothing is left or `stop` aborts. */
export function closeDueEnrollments(lobby: Automation, log: Logger, stop: AbortSignal): Promise<void> {
  return moveDueGames(lobby, closings, log, stop);
}

/**
 * Fails the starts whose time is over, until none is left or `stop` aborts. A container that appears later is stopped
 * when the Runtime Manager reports it.
 */
export function failOverdueStarts(lobby: Automation, log: Logger, stop: AbortSignal): Promise<void> {
  return moveDueGames(lobby, overdueStarts, log, stop);
}
