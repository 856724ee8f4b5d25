import { Refusal } from '../../errors/table.ts';
import type { UserActor } from '../../http/env.ts';
import type { Caller } from '../caller.ts';
import type { Lobby } from '../context.ts';
import type { Membership } from '../domain/game.ts';
import { overProblem } from '../domain/leaving.ts';
import { noSuchGame, refuseIf } from '../refusals.ts';
import type { Work } from '../store/database.ts';
import { lockGame } from '../store/games.ts';
import { findActiveMembership } from '../store/memberships.ts';
import { endMembership } from './end-membership.ts';
import type { TransitionParts } from './transition.ts';

/**
 * Leaves a game that one plays in.
 * @throws Refusal `not_found`, `invalid_state` for a game that is over or in which the user does not play.
 */
export function leaveGame(
  lobby: TransitionParts & Pick<Lobby, 'now'>,
  caller: Caller & { actor: UserActor },
  gameId: string,
): Work<Membership> {
  return async (tx) => {
    const game = await lockGame(tx, caller.actor, gameId);
    if (game === undefined) throw noSuchGame();
    const membership = await findActiveMembership(tx, gameId, caller.actor.userId);
    if (membership === undefined) throw new Refusal('invalid_state', 'You do not play in this game.');
    refuseIf(overProblem(game));
    return endMembership(tx, lobby, game, membership, {
      status: 'left',
      by: caller.actor.userId,
      at: lobby.now(),
      traceparent: caller.traceparent,
    });
  };
}
