import { actorId, type Caller, managerOf } from '../caller.ts';
import type { Lobby } from '../context.ts';
import { openEnrollmentProblem } from '../domain/enrollment.ts';
import { noSuchGame, refuseIf } from '../refusals.ts';
import type { Work } from '../store/database.ts';
import { lockGame, type StoredGame } from '../store/games.ts';
import { applyTransition } from './transition.ts';

/**
 * Publishes a draft: players may apply from now on.
 * @throws Refusal `not_found`, `forbidden`, `invalid_state`.
 */
export function openEnrollment(
  lobby: Pick<Lobby, 'now' | 'newId'>,
  caller: Caller,
  gameId: string,
): Work<StoredGame> {
  return async (tx) => {
    const game = await lockGame(tx, caller.actor, gameId);
    if (game === undefined) throw noSuchGame();
    const by = managerOf(caller, game);
    const at = lobby.now();
    if (game.status === 'draft') refuseIf(openEnrollmentProblem(game, at));
    return applyTransition(tx, lobby, game, { trigger: 'open_enrollment', by, actorId: actorId(caller), at });
  };
}
