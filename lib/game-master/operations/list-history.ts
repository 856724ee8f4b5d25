import type { Caller } from '../../http/caller.ts';
import type { GameMaster } from '../context.ts';
import { findGame } from '../store/games.ts';
import { countSeats, type PlayedTurn, playedTurns } from '../store/reads.ts';
import { accessOf, requireSetUp } from './access.ts';

/** Outcomes of seats on one page: 360 KiB at most, which the gateway takes in one response. */
const maxOutcomes = 10_000;

/** Above every turn. */
const maxTurn = 2 ** 31 - 1;

/**
 * The turns of a game that were played, the last one first.
 * @param page.size at most; fewer in a game of many seats.
 * @param page.before a turn; all unless given.
 * @throws Refusal `not_found`, `game_not_running`
 */
export async function listHistory(
  gm: Pick<GameMaster, 'db' | 'lobby' | 'log'>,
  caller: Caller,
  gameId: string,
  page: { readonly size: number; readonly before: number | undefined },
): Promise<{ readonly items: readonly PlayedTurn[]; readonly next: number | undefined }> {
  const access = await accessOf(gm, caller, gameId);
  requireSetUp(access, await findGame(gm.db, gameId));
  const { before = maxTurn } = page;
  const fitting = Math.floor(maxOutcomes / Math.max(1, await countSeats(gm.db, gameId)));
  const size = Math.min(page.size, Math.max(1, fitting));
  const found = await playedTurns(gm.db, gameId, { before, limit: size + 1 });
  const items = found.slice(0, size);
  return { items, next: found.length > size ? items.at(-1)?.turn : undefined };
}
