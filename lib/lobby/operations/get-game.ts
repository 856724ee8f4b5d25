import type { Caller } from '../caller.ts';
import type { Lobby } from '../context.ts';
import { noSuchGame } from '../refusals.ts';
import { findGame, type StoredGame } from '../store/games.ts';

/** @throws Refusal `not_found`, also for a game that is not for the caller to see. */
export async function getGame(
  { db }: Pick<Lobby, 'db'>,
  caller: Caller,
  gameId: string,
): Promise<StoredGame> {
  const game = await findGame(db, caller.actor, gameId);
  if (game === undefined) throw noSuchGame();
  return game;
}
