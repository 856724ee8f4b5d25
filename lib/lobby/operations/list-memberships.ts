import { type Caller, managerOf } from '../caller.ts';
import type { Lobby } from '../context.ts';
import type { ListedMembershipStatus, Membership } from '../domain/game.ts';
import { listMembershipsOfGame } from '../store/memberships.ts';
import type { Page, PageRequest } from '../store/pages.ts';
import { getGame } from './get-game.ts';

/**
 * Who plays in a game, in the order in which they joined, for all who can see the game; or who is blocked from it, for
 * its owner and admins.
 * @throws Refusal `not_found` when the game is not for the caller to see, `forbidden`.
 */
export async function listMemberships(
  lobby: Pick<Lobby, 'db' | 'readFromReplica'>,
  caller: Caller,
  gameId: string,
  status: ListedMembershipStatus,
  page: PageRequest,
): Promise<Page<Membership>> {
  const game = await getGame(lobby, caller, gameId);
  if (status === 'blocked') managerOf(caller, game);
  return lobby.readFromReplica((db) => listMembershipsOfGame(db, gameId, status, page));
}
