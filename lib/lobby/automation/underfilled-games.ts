// Notifies owners that a deadline has passed without enough players, for the tick of workers/enrollment-automation.ts.
// Such a game stays open until enough have joined, or the grace is over; the owner may invite, move the deadline, or
// cancel.
//
// An owner is notified once per deadline: the game stores when, in the transaction that writes the intent, and a later
// deadline clears it. So a crash at any point, and any number of replicas, are safe; locked games are left for the next
// tick. The index that finds due games does not contain those whose owner was notified: a tick's work does not grow
// with the number of games that wait for players.
import { inTransaction } from '../../postgres/transaction.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Lobby } from '../context.ts';
import { enrollmentUnderfilled } from '../outbox/intents.ts';
import { claimUnderfilledGames, saveUnderfilledNotified } from '../store/games.ts';

const batchSize = 100;

/** Runs until every such owner is notified, or `stop` aborts. */
export async function notifyOwnersOfUnderfilledGames(
  { db, now, outbox, underfilledGraceMs }: Pick<Lobby, 'db' | 'now' | 'outbox' | 'underfilledGraceMs'>,
  log: Logger,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    const at = now();
    const notified = await inTransaction(db, async (tx) => {
      const games = await claimUnderfilledGames(tx, at, batchSize);
      if (games.length === 0) return [];
      const gameIds = games.map(({ gameId }) => gameId);
      await saveUnderfilledNotified(tx, gameIds, at);
      const occasion = { at, traceparent: undefined };
      await outbox.write(
        tx,
        games.flatMap((game) => {
          const cancelsAt = new Date(game.enrollmentEndsAt.getTime() + underfilledGraceMs);
          return enrollmentUnderfilled(game, cancelsAt, occasion);
        }),
      );
      return gameIds;
    });
    outbox.publishSoon(notified);
    for (const game_id of notified)
      log.info({ game_id }, 'enrollment is past its deadline without enough players');
    if (notified.length < batchSize) return;
  }
}
