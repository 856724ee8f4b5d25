// Gives up race names that their players did not register in time, for the tick of
// workers/pending-registration-expirer.ts, and notifies the players, unless they have registered the name by way of
// another game: then it is not free.
//
// Due names are found through an index, in batches, so a tick's work grows with their number. A name and its keys are
// given up in the transaction that writes the intent, under the lock of the game that the name comes from: so it
// happens once, wherever a process dies and however many replicas run. Registering a name takes that lock, too. Locked
// games are skipped, and their names left for the next tick.
import { inTransaction } from '../../postgres/transaction.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Lobby } from '../context.ts';
import { registeredAs } from '../domain/race-name/registration.ts';
import { raceNameExpired } from '../outbox/intents.ts';
import { lockFreeGames } from '../store/games.ts';

const batchSize = 100;

/** Runs until nothing due is left, or `stop` aborts. */
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
      for (const held of expired) {
        const game = gameOf.get(held.gameId);
        const registered = await raceNames.listRegistered(tx, held.userId);
        if (game === undefined || registeredAs(held, registered) !== undefined) continue;
        await outbox.write(tx, raceNameExpired(game, held, { at, traceparent: undefined }));
      }
      return { due, expired };
    });
    outbox.publishSoon(expired.map(({ gameId }) => gameId));
    for (const { raceNameId, userId, gameId } of expired) {
      log.info({ race_name_id: raceNameId, user_id: userId, game_id: gameId }, 'race name given up');
    }
    // What was skipped is still due: without progress the next batch would be the same.
    if (due.length < batchSize || expired.length === 0) return;
  }
}
