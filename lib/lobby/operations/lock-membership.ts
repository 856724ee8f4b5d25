import { type Caller, managerOf } from '../caller.ts';
import type { Membership } from '../domain/game.ts';
import { overProblem, rivalProblem } from '../domain/leaving.ts';
import { noSuchMembership, refuseIf } from '../refusals.ts';
import type { Tx } from '../store/database.ts';
import { lockGame, type StoredGame } from '../store/games.ts';
import { findMembership } from '../store/memberships.ts';

/**
 * A membership whose game the caller manages; the game is locked, so that its members do not change.
 * @throws Refusal `not_found`, also for a game that is not for the caller to see; `forbidden` unless the caller is
 *   its owner or an admin, and an admin once the game has started; `invalid_state` when the game is over.
 */
export async function lockMembership(
  tx: Tx,
  caller: Caller,
  membershipId: string,
): Promise<{ membership: Membership; game: StoredGame }> {
  const seen = await findMembership(tx, membershipId);
  const game = seen && (await lockGame(tx, caller.actor, seen.gameId));
  if (game === undefined) throw noSuchMembership();
  const by = managerOf(caller, game);
  refuseIf(overProblem(game));
  refuseIf(rivalProblem(game, by));
  // Read again, as it may have ended during the wait for the lock.
  const membership = await findMembership(tx, membershipId);
  if (membership === undefined) throw noSuchMembership();
  return { membership, game };
}
