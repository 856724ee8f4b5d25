import { Refusal } from '../../errors/table.ts';
import { inTransaction } from '../../postgres/transaction.ts';
import type { GameMaster } from '../context.ts';
import { compareRuntimes, type Registration } from '../domain/registration.ts';
import type { Tx } from '../store/database.ts';
import { deleteFinalViews } from '../store/final-views.ts';
import { insertGame, type LockedGame, lockGame, type StoredGame, updateGame } from '../store/games.ts';
import { deleteOrders } from '../store/orders.ts';
import { deleteSeats, insertSeats } from '../store/seats.ts';
import { deleteTurns } from '../store/turns.ts';

/** What became of a registration. */
export type Registered = 'new' | 'replaced' | 'known';

/**
 * Takes a game over. A newer runtime replaces the known one, and the game begins anew; the same one, perhaps at another
 * address, is told as the newest word of the lobby, and what failed is tried again at once.
 * @throws Refusal `invalid_state` when a newer runtime is known.
 */
export function registerRuntime(
  { db }: Pick<GameMaster, 'db'>,
  registration: Registration,
): Promise<Registered> {
  return inTransaction(db, async (tx: Tx) => {
    const { gameId, runtimeJobId } = registration;
    const inserted = await insertGame(tx, {
      gameId,
      ...beginning(registration),
      reportSeq: registration.reportSeq ?? 0,
    });
    const locked = await lockGame(tx, gameId);
    if (locked === undefined) throw new TypeError('games are never deleted');
    const { game, now } = locked;
    if (inserted) {
      await insertSeats(tx, gameId, registration.seats);
      await updateGame(tx, gameId, { nextAttemptAt: now });
      return 'new';
    }
    switch (compareRuntimes(runtimeJobId, game.runtimeJobId)) {
      case 'older':
        throw new Refusal(
          'invalid_state',
          `The game has a newer runtime, that of job ${game.runtimeJobId}; nothing was changed.`,
        );
      case 'same':
        await update(tx, locked, registration);
        return 'known';
      case 'newer':
        await replace(tx, locked, registration);
        return 'replaced';
    }
  });
}

/** Seats change only before the engine knows them; later the lobby tells of each. */
async function update(tx: Tx, { game, now }: LockedGame, registration: Registration): Promise<void> {
  const { gameId } = game;
  if (game.phase === 'setting_up' && game.manifest === null) {
    await deleteSeats(tx, gameId);
    await insertSeats(tx, gameId, registration.seats);
  }
  await updateGame(tx, gameId, {
    ...detailsOf(registration),
    failures: 0,
    nextAttemptAt: nextAttempt(game, now),
  });
}

function nextAttempt({ phase, failures, nextAttemptAt }: StoredGame, now: Date): Date | null {
  if (phase === 'setting_up' || phase === 'closed') return now;
  return failures > 0 && nextAttemptAt !== null ? now : nextAttemptAt;
}

/** `reportSeq` goes on, so that no later report looks like an earlier one. */
async function replace(tx: Tx, { game, now }: LockedGame, registration: Registration): Promise<void> {
  const { gameId } = game;
  await deleteOrders(tx, gameId);
  await deleteTurns(tx, gameId);
  await deleteFinalViews(tx, gameId);
  await deleteSeats(tx, gameId);
  await updateGame(tx, gameId, {
    ...beginning(registration),
    reportSeq: Math.max(game.reportSeq, registration.reportSeq ?? 0),
    registeredAt: now,
    nextAttemptAt: now,
    manifest: null,
    pausedAt: null,
    remainingMs: null,
    playedTurn: 0,
    openedAt: null,
    dueAt: null,
    remindedDueAt: null,
    closedAt: null,
    closeReason: null,
    awaiting: [],
    ordersBytes: 0,
    stats: [],
    result: null,
    engineHealth: 'ok',
    engineProblem: null,
    failures: 0,
    claimedBy: null,
    claimToken: null,
    readinessReportedAt: null,
    readinessChanged: false,
  });
  await insertSeats(tx, gameId, registration.seats);
}

function beginning(registration: Registration) {
  return {
    ...detailsOf(registration),
    seed: crypto.getRandomValues(new Uint8Array(32)),
    status: registration.status,
    lobbyRevision: registration.lobbyRevision,
    phase: 'setting_up' as const,
  };
}

/** What every registration says anew. */
function detailsOf(registration: Registration) {
  const { runtimeJobId, containerId, engineEndpoint, gameName, ownerUserId } = registration;
  const { turnSchedule, timeZone, turnSeconds, minTurnSeconds, quietDays, graceSeconds } = registration;
  const { early, spectators, options } = registration;
  return {
    runtimeJobId,
    containerId,
    engineEndpoint,
    gameName,
    ownerUserId,
    turnSchedule,
    timeZone,
    turnSeconds,
    minTurnSeconds,
    quietDays,
    graceSeconds,
    early,
    spectators,
    options,
  };
}
