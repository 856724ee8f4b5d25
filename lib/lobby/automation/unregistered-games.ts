// Resumes games that were started while the Game Master was away, for the tick of workers/runtime-job-results.ts: games
// that are paused, and that the Game Master has never taken over. `runtime_unregistered` is the last transition of these.
//
// The Game Master is asked first, and may be asked twice, by replicas or after a crash: the same registration does no
// harm. The game is resumed under its lock if it still waits, by the compare-and-set of every transition, so once. A game
// that the Game Master does not take is tried again after as long as it has waited, from half a minute to an hour, so
// that it holds up no other.
import { randomUUID } from 'node:crypto';
import { Refusal } from '../../errors/table.ts';
import { inTransaction } from '../../postgres/transaction.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Lobby } from '../context.ts';
import { runtimeOf } from '../operations/runtime-of.ts';
import { applyTransition, type TransitionParts } from '../operations/transition.ts';
import type { Tx } from '../store/database.ts';
import { listUnregisteredGames, lockAnyGame, type StoredGame, saveRegistrationDue } from '../store/games.ts';

const batchSize = 100;
const shortestPauseMs = 30_000;
const longestPauseMs = 3_600_000;

type Resuming = TransitionParts & Pick<Lobby, 'db' | 'gameMaster' | 'now'>;

/** Runs until none is due, the Game Master is away, or `stop` aborts. */
export async function resumeUnregisteredGames(
  lobby: Resuming,
  log: Logger,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    const due = await listUnregisteredGames(lobby.db, lobby.now(), batchSize);
    if (due.length === 0) return;
    // One question, not one per game, while it is away.
    const isAway = await failsWithRefusal(() => lobby.gameMaster.probe(context()));
    if (isAway) return;
    for (const game of due) {
      if (stop.aborted) return;
      await resume(lobby, game, log);
    }
    if (due.length < batchSize) return;
  }
}

async function resume(lobby: Resuming, seen: StoredGame, log: Logger): Promise<void> {
  const { gameId, boundAt, containerId, engineEndpoint } = seen;
  if (boundAt === null || containerId === null || engineEndpoint === null) return;
  const runtime = await runtimeOf(lobby.db, seen, { containerId, engineEndpoint });
  const isRefused = await failsWithRefusal(() => lobby.gameMaster.register(runtime, context()));
  const at = lobby.now();
  if (isRefused) {
    const waitedMs = at.getTime() - boundAt.getTime();
    const pauseMs = Math.min(Math.max(waitedMs, shortestPauseMs), longestPauseMs);
    await saveRegistrationDue(lobby.db, gameId, new Date(at.getTime() + pauseMs));
    return;
  }
  const resumed = await inTransaction(lobby.db, async (tx: Tx) => {
    const game = await lockAnyGame(tx, gameId);
    const waits = game?.status === 'paused' && game.revision === seen.revision;
    // When it has changed, or its engine has moved meanwhile, the next tick sees.
    if (!waits || game.containerId !== containerId || game.engineEndpoint !== engineEndpoint) return false;
    await applyTransition(tx, lobby, game, {
      trigger: 'resume',
      by: 'worker',
      actorId: null,
      reason: 'the Game Master has taken the game over',
      registeredAt: at,
      at,
      traceparent: undefined,
    });
    return true;
  });
  if (!resumed) return;
  lobby.outbox.publishSoon([gameId]);
  log.info({ game_id: gameId }, 'game resumed, which the game master had not taken over before');
}

/** Whether the Game Master is away, or does not take the game; its client has logged why. */
async function failsWithRefusal(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return false;
  } catch (error) {
    if (error instanceof Refusal) return true;
    throw error;
  }
}

function context() {
  return { requestId: randomUUID(), traceparent: undefined };
}
