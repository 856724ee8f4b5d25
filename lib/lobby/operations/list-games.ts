import type { Caller } from '../caller.ts';
import type { Lobby } from '../context.ts';
import { type GameFilters, listGamesEndingSoon, listNewestGames, type StoredGame } from '../store/games.ts';
import type { Page, PageRequest } from '../store/pages.ts';

/** `ending_soon` lists only games that enroll players, by their deadline. */
export const gameOrders = ['newest', 'ending_soon'] as const;
export type GameOrder = (typeof gameOrders)[number];

/** The games that the caller can see. */
export async function listGames(
  { readSlightlyOld }: Pick<Lobby, 'readSlightlyOld'>,
  caller: Caller,
  order: GameOrder,
  filters: GameFilters,
  page: PageRequest,
): Promise<Page<StoredGame>> {
  const list = { newest: listNewestGames, ending_soon: listGamesEndingSoon }[order];
  return readSlightlyOld((db) => list(db, caller.actor, filters, page));
}
