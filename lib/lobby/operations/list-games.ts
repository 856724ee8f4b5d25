import type { Lobby } from '../context.ts';
import { type GameList, type ListPosition, listGames as listStoredGames } from '../store/game-lists.ts';
import type { StoredGame } from '../store/games.ts';
import type { Page, PageRequest } from '../store/pages.ts';

/** The games that `list.actor` can see, filtered and in order. */
export function listGames(
  lobby: Pick<Lobby, 'readFromReplica'>,
  list: GameList,
  page: PageRequest<ListPosition>,
): Promise<Page<StoredGame, ListPosition>> {
  return lobby.readFromReplica((db) => listStoredGames(db, list, page));
}
