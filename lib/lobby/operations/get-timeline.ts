import { type Caller, managerOf } from '../caller.ts';
import type { Lobby } from '../context.ts';
import type { TimelineEntry } from '../domain/game.ts';
import type { Page, PageRequest } from '../store/pages.ts';
import { listTimeline } from '../store/timeline.ts';
import { getGame } from './get-game.ts';

/**
 * The transitions of a game, in order; for its owner and admins. Pages end at a revision.
 * @throws Refusal `not_found`, `forbidden`.
 */
export async function getTimeline(
  lobby: Pick<Lobby, 'db' | 'readFromReplica'>,
  caller: Caller,
  gameId: string,
  page: PageRequest<number>,
): Promise<Page<TimelineEntry, number>> {
  managerOf(caller, await getGame(lobby, caller, gameId));
  return lobby.readFromReplica((db) => listTimeline(db, gameId, page));
}
