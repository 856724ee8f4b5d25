import type { Caller } from '../caller.ts';
import type { Lobby } from '../context.ts';
import { startProblem } from '../domain/enrollment.ts';
import type { Work } from '../store/database.ts';
import type { StoredGame } from '../store/games.ts';
import { type GameAtRevision, requestTransition } from './request-transition.ts';
import type { TransitionParts } from './transition.ts';

/**
 * Asks the Runtime Manager once more, with a new job, for those who play in the game now.
 * @throws Refusal `not_found`, `forbidden`, `revision_mismatch`, `invalid_state`.
 */
export function retryStart(
  lobby: TransitionParts & Pick<Lobby, 'now'>,
  caller: Caller,
  game: GameAtRevision,
): Work<StoredGame> {
  return requestTransition(lobby, caller, game, 'retry_start', {
    unless: (failed) => startProblem(failed, failed.activeMembers),
  });
}
