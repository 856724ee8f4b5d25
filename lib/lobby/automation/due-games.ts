// Applies transitions that are due, for the tick of workers/enrollment-automation.ts. Callers say which are due.
//
// Games are claimed in batches through an index on the due time, so a tick's work grows with the number of due games,
// not of all games. Several replicas are safe: a claim locks its games and skips those that another replica, or a
// request, has locked; the rules are checked again under the lock, and the change of status is a compare-and-set, so
// each game is moved once. A game that cannot be moved is logged and left for the next tick; the rest of its batch is
// still moved.
import { inTransaction } from '../../postgres/transaction.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Lobby } from '../context.ts';
import type { Trigger } from '../domain/game.ts';
import { applyTransition, type TransitionParts } from '../operations/transition.ts';
import type { Tx } from '../store/database.ts';
import type { StoredGame } from '../store/games.ts';

const batchSize = 100;

export type DueGames = {
  /** Locks up to `limit` games that are due, the longest due first. */
  readonly claim: (tx: Tx, now: Date, limit: number) => Promise<StoredGame[]>;
  /** The trigger that is due for a game now, if any. */
  readonly due: (game: StoredGame, now: Date) => { trigger: Trigger; reason?: string } | undefined;
  /** Log messages for a game that was moved, and for one that could not be moved. */
  readonly messages: { readonly moved: string; readonly failed: string };
};

type Mover = TransitionParts & Pick<Lobby, 'db' | 'now'>;
type Moved = { gameId: string; trigger: Trigger };

/** Moves all due games, until none is left or `stop` aborts. */
export async function moveDueGames(
  lobby: Mover,
  what: DueGames,
  log: Logger,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    const batch = await moveBatch(lobby, what, log);
    lobby.outbox.publishSoon(batch.moved.map(({ gameId }) => gameId));
    for (const { gameId, trigger } of batch.moved)
      log.info({ game_id: gameId, trigger }, what.messages.moved);
    // Games that could not be moved are still due: without progress the next batch would be the same.
    if (batch.claimed < batchSize || batch.moved.length === 0) return;
  }
}

function moveBatch(lobby: Mover, what: DueGames, log: Logger): Promise<{ claimed: number; moved: Moved[] }> {
  const now = lobby.now();
  return inTransaction(lobby.db, async (tx: Tx) => {
    const games = await what.claim(tx, now, batchSize);
    const moved: Moved[] = [];
    for (const game of games) {
      const due = what.due(game, now);
      if (due === undefined) continue;
      try {
        await move(tx, lobby, game, due, now);
        moved.push({ gameId: game.gameId, trigger: due.trigger });
      } catch (error) {
        log.error({ error, game_id: game.gameId }, what.messages.failed);
      }
    }
    return { claimed: games.length, moved };
  });
}

/** In a savepoint of its own, so that a failure affects this game only. */
async function move(
  tx: Tx,
  lobby: Mover,
  game: StoredGame,
  due: { trigger: Trigger; reason?: string },
  at: Date,
): Promise<void> {
  await tx.transaction((savepoint) =>
    applyTransition(savepoint, lobby, game, {
      ...due,
      by: 'worker',
      actorId: null,
      at,
      traceparent: undefined,
    }),
  );
}
