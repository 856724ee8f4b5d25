import type { Caller } from '../caller.ts';
import type { Lobby } from '../context.ts';
import type { Invite } from '../domain/invite.ts';
import { listInvitesOfGame } from '../store/invites.ts';
import type { Page, PageRequest } from '../store/pages.ts';
import { getGame } from './get-game.ts';

/**
 * The invites to a game, in the order in which they were made: all for its owner and admins, their own for other
 * users.
 * @throws Refusal `not_found` when the game is not for the caller to see.
 */
export async function listInvites(
  lobby: Pick<Lobby, 'db' | 'readFromReplica'>,
  caller: Caller,
  gameId: string,
  page: PageRequest,
): Promise<Page<Invite>> {
  const game = await getGame(lobby, caller, gameId);
  const { actor } = caller;
  const seesAll = actor.kind === 'admin' || actor.userId === game.ownerUserId;
  const filters = { gameId, userId: seesAll ? undefined : actor.userId };
  return lobby.readFromReplica((db) => listInvitesOfGame(db, filters, page));
}
