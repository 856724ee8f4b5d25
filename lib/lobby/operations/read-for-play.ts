import type { Lobby } from '../context.ts';
import { noSuchGame } from '../refusals.ts';
import { findPlayAccess, findStanding, type PlayAccess } from '../store/play-reads.ts';

/** What a user may do with a game. @throws Refusal `not_found` when there is no such game at all. */
export async function readAccess(
  { db }: Pick<Lobby, 'db'>,
  gameId: string,
  userId: string,
): Promise<PlayAccess> {
  const access = await findPlayAccess(db, gameId, userId);
  if (access === undefined) throw noSuchGame();
  return access;
}

/** How a game stands, and who holds its seats. @throws Refusal `not_found`. */
export async function readStanding({ db }: Pick<Lobby, 'db'>, gameId: string) {
  const standing = await findStanding(db, gameId);
  if (standing === undefined) throw noSuchGame();
  return standing;
}
