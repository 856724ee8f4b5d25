import type { Lobby } from '../context.ts';
import type { GameStatus } from '../domain/game.ts';
import type { Page, PageRequest } from '../store/pages.ts';
import { type GameWithMemberships, listGamesEverOf } from '../store/user-games.ts';

/**
 * Games that a user owns, plays in or has played in, the newest first, for operators.
 * @param status every status unless given.
 */
export function listUserGames(
  lobby: Pick<Lobby, 'readFromReplica'>,
  { userId, status }: { readonly userId: string; readonly status: GameStatus | undefined },
  page: PageRequest,
): Promise<Page<GameWithMemberships>> {
  return lobby.readFromReplica((db) => listGamesEverOf(db, userId, status, page));
}
