import type { Caller } from '../caller.ts';
import type { Lobby } from '../context.ts';
import { startProblem } from '../domain/enrollment.ts';
import type { Work } from '../store/database.ts';
import type { StoredGame } from '../store/games.ts';
import { type GameAtRevision, requestTransition } from './request-transition.ts';
import type { TransitionParts } from './transition.ts';

/**
 * Asks the Runtime Manager to start a game that is ready, for those who play in it.
 * @throws Refusal `not_found`, `forbidden`, `revision_mismatch`, `invalid_state`.
 */
export function startGame(
  lobby: TransitionParts & Pick<Lobby, 'now'>,
  caller: Caller,
  game: GameAtRevision,
): Work<StoredGame> {
  return requestTransition(lobby, caller, game, 'start', {
    unless: (ready) => startProblem(ready, ready.activeMembers),
  });
}
