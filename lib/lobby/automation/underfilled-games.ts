// Tells owners that a deadline has passed without enough players, for the tick of workers/enrollment-automation.ts. Such
// a game stays open until they are there; the owner may invite, move the deadline, or cancel.
//
// An owner hears of it once per deadline: the game remembers that it was told, in the transaction that writes the
// intent, and a later deadline makes it forget. So a crash at any point, and any number of replicas, change nothing;
// games that somebody has locked are left for the next tick. What is due is found through an index that told games
// are not in: a tick's work does not grow with how many wait for players.
import { inTransaction } from '../../postgres/transaction.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Lobby } from '../context.ts';
import { enrollmentUnderfilled } from '../outbox/intents.ts';
import { claimUnderfilledGames, saveUnderfilledTold } from '../store/games.ts';

const batchSize = 100;

/** Tells until nobody is left who has not heard of it, or `stop` aborts. */
export async function tellOwnersOfUnderfilledGames(
  { db, now, outbox }: Pick<Lobby, 'db' | 'now' | 'outbox'>,
  log: Logger,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    const at = now();
    const told = await inTransaction(db, async (tx) => {
      const games = await claimUnderfilledGames(tx, at, batchSize);
      if (games.length === 0) return [];
      const gameIds = games.map(({ gameId }) => gameId);
      await saveUnderfilledTold(tx, gameIds, at);
      const occasion = { at, traceparent: undefined };
      await outbox.write(
        tx,
        games.flatMap((game) => enrollmentUnderfilled(game, occasion)),
      );
      return gameIds;
    });
    outbox.publishSoon(told);
    for (const game_id of told)
      log.info({ game_id }, 'enrollment is past its deadline without enough players');
    if (told.length < batchSize) return;
  }
}
