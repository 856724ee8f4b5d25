import type { Caller } from '../caller.ts';
import type { Lobby } from '../context.ts';
import type { Application, ApplicationStatus } from '../domain/game.ts';
import { listApplicationsOfGame } from '../store/applications.ts';
import type { Page, PageRequest } from '../store/pages.ts';
import { getGame } from './get-game.ts';

/**
 * The applications to a game in the order of their arrival: all of them for its owner and admins, their own for
 * other users.
 * @throws Refusal `not_found` when the game is not for the caller to see.
 */
export async function listApplications(
  lobby: Pick<Lobby, 'db' | 'readFromReplica'>,
  caller: Caller,
  gameId: string,
  status: ApplicationStatus | undefined,
  page: PageRequest,
): Promise<Page<Application>> {
  const game = await getGame(lobby, caller, gameId);
  const { actor } = caller;
  const seesAll = actor.kind === 'admin' || actor.userId === game.ownerUserId;
  const filters = { status, userId: seesAll ? undefined : actor.userId };
  return lobby.readFromReplica((db) => listApplicationsOfGame(db, gameId, filters, page));
}
