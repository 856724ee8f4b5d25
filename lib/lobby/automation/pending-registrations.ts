// Gives up race names that their players did not register in time, for the tick of
// workers/pending-registration-expirer.ts, and tells the players.
//
// What is due is found through an index, in batches, so that a tick's work grows with what is due. A name is given up,
// its keys with it, in the transaction that writes the intent, under the lock of the game that it comes from: so it
// happens once, wherever a process dies and however many replicas run. Who registers a name holds that lock, too.
// Games that somebody has locked are skipped, and their names left for the next tick.
import { inTransaction } from '../../postgres/transaction.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Lobby } from '../context.ts';
import { raceNameExpired } from '../outbox/intents.ts';
import { lockFreeGames } from '../store/games.ts';

const batchSize = 100;

/** Until nothing is left that is due, or `stop` aborts. */
export async function expirePendingRegistrations(
  { db, now, outbox, raceNames }: Pick<Lobby, 'db' | 'now' | 'outbox' | 'raceNames'>,
  log: Logger,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    const at = now();
    const { due, expired } = await inTransaction(db, async (tx) => {
      const due = await raceNames.listExpired(tx, at, batchSize);
      const games = await lockFreeGames(
        tx,
        due.map(({ gameId }) => gameId),
      );
      const gameOf = new Map(games.map((game) => [game.gameId, game]));
      const free = due.filter(({ gameId }) => gameOf.has(gameId));
      const expired = await raceNames.expire(
        tx,
        free.map(({ raceNameId }) => raceNameId),
        at,
      );
      const intents = expired.flatMap((held) => {
        const game = gameOf.get(held.gameId);
        return game === undefined ? [] : raceNameExpired(game, held, { at, traceparent: undefined });
      });
      await outbox.write(tx, intents);
      return { due, expired };
    });
    outbox.publishSoon(expired.map(({ gameId }) => gameId));
    for (const { raceNameId, userId, gameId } of expired) {
      log.info({ race_name_id: raceNameId, user_id: userId, game_id: gameId }, 'race name given up');
    }
    // What was skipped is still due: without any progress the next batch would be the same again.
    if (due.length < batchSize || expired.length === 0) return;
  }
}
