import type { Caller } from '../caller.ts';
import type { Lobby } from '../context.ts';
import type { Work } from '../store/database.ts';
import type { StoredGame } from '../store/games.ts';
import { type GameAtRevision, requestTransition } from './request-transition.ts';
import type { TransitionParts } from './transition.ts';

/**
 * Cancels a game, which is final: what is pending is cancelled, race names are free again, a container is stopped.
 * @throws Refusal `not_found`, `forbidden`, `revision_mismatch`, `invalid_state`.
 */
export function cancelGame(
  lobby: TransitionParts & Pick<Lobby, 'now'>,
  caller: Caller,
  game: GameAtRevision,
): Work<StoredGame> {
  return requestTransition(lobby, caller, game, 'cancel');
}
