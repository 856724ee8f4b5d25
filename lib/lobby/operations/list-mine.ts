// The games, applications and invites of a user, the newest first.
import type { UserActor } from '../../http/env.ts';
import type { Lobby } from '../context.ts';
import type { Application, ApplicationStatus } from '../domain/game.ts';
import type { InviteStatus } from '../domain/invite.ts';
import { listApplicationsOfUser } from '../store/applications.ts';
import { type GameOfUserFilters, listGamesOfUser, type StoredGame } from '../store/games.ts';
import { type InviteWithGame, listInvitesOfUser } from '../store/invites.ts';
import type { Page, PageRequest } from '../store/pages.ts';

type Reads = Pick<Lobby, 'readFromReplica'>;

export function listMyGames(
  lobby: Reads,
  { userId }: UserActor,
  filters: GameOfUserFilters,
  page: PageRequest,
): Promise<Page<StoredGame>> {
  return lobby.readFromReplica((db) => listGamesOfUser(db, userId, filters, page));
}

/** @param status every status unless given. */
export function listMyApplications(
  lobby: Reads,
  { userId }: UserActor,
  status: ApplicationStatus | undefined,
  page: PageRequest,
): Promise<Page<Application>> {
  return lobby.readFromReplica((db) => listApplicationsOfUser(db, userId, status, page));
}

export function listMyInvites(
  lobby: Reads,
  user: UserActor,
  status: InviteStatus,
  page: PageRequest,
): Promise<Page<InviteWithGame>> {
  return lobby.readFromReplica((db) => listInvitesOfUser(db, user, status, page));
}
