import type { Caller } from '../caller.ts';
import type { Lobby } from '../context.ts';
import type { Membership } from '../domain/game.ts';
import { listActiveMemberships } from '../store/memberships.ts';
import type { Page, PageRequest } from '../store/pages.ts';
import { getGame } from './get-game.ts';

/**
 * Who plays in a game, in the order in which they joined; for all who can see the game.
 * @throws Refusal `not_found` when the game is not for the caller to see.
 */
export async function listMemberships(
  lobby: Pick<Lobby, 'db' | 'readFromReplica'>,
  caller: Caller,
  gameId: string,
  page: PageRequest,
): Promise<Page<Membership>> {
  await getGame(lobby, caller, gameId);
  return lobby.readFromReplica((db) => listActiveMemberships(db, gameId, page));
}
