// Closes enrollment by deadline and by gap, for the tick loop of workers/enrollment-automation.ts and of the
// all-in-one process.
//
// A tick claims the games that are due in batches and applies their trigger through the same transition as everybody
// else. What is due is found through an index on the time when enrollment ends, so that a tick's work grows with what
// is due, not with how many games are open. Several replicas are safe: a claim locks its games and skips those that
// another replica, or an approval, has locked; the rules are asked again under the lock, and the change of status is a
// compare-and-set, so that a game is closed once, whoever comes first. A game that cannot be closed is logged and
// left for the next tick; the others of its batch are closed all the same.
import { inTransaction } from '../postgres/transaction.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Lobby } from './context.ts';
import { dueClosing } from './domain/enrollment.ts';
import { applyTransition, type TransitionParts } from './operations/transition.ts';
import type { Tx } from './store/database.ts';
import { claimDueGames, type StoredGame } from './store/games.ts';

const batchSize = 100;

type Automation = TransitionParts & Pick<Lobby, 'db' | 'now'>;

/** One tick: closes enrollment wherever it is due, until nothing is left or `stop` aborts. */
export async function closeDueEnrollments(lobby: Automation, log: Logger, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const batch = await closeBatch(lobby, log);
    lobby.outbox.publishSoon(batch.closed.map(({ gameId }) => gameId));
    for (const { gameId, trigger } of batch.closed)
      log.info({ game_id: gameId, trigger }, 'enrollment closed');
    // Games that could not be closed are still due: without any progress the next batch would be the same again.
    if (batch.claimed < batchSize || batch.closed.length === 0) return;
  }
}

type Closed = { gameId: string; trigger: 'deadline' | 'gap' };

function closeBatch(lobby: Automation, log: Logger): Promise<{ claimed: number; closed: Closed[] }> {
  const now = lobby.now();
  return inTransaction(lobby.db, async (tx: Tx) => {
    const games = await claimDueGames(tx, now, batchSize);
    const closed: Closed[] = [];
    for (const game of games) {
      try {
        const trigger = await closeIfDue(tx, lobby, game, now);
        if (trigger !== undefined) closed.push({ gameId: game.gameId, trigger });
      } catch (error) {
        log.error({ error, game_id: game.gameId }, 'enrollment could not be closed');
      }
    }
    return { claimed: games.length, closed };
  });
}

/** In a savepoint of its own, so that a failure costs this game only. */
async function closeIfDue(
  tx: Tx,
  lobby: Automation,
  game: StoredGame,
  at: Date,
): Promise<'deadline' | 'gap' | undefined> {
  const trigger = dueClosing(game, game.activeMembers, at);
  if (trigger === undefined) return undefined;
  await tx.transaction((savepoint) =>
    applyTransition(savepoint, lobby, game, {
      trigger,
      by: 'worker',
      actorId: null,
      at,
      traceparent: undefined,
    }),
  );
  return trigger;
}
