// What the lobby decides about a game that runs: it pauses, goes on, or ends.
import type { GameMaster } from '../context.ts';
import { pauseClock, resumeClock } from '../domain/clock.ts';
import type { GameStatus } from '../domain/game.ts';
import { untoldVacancies } from '../domain/seats.ts';
import type { Tx } from '../store/database.ts';
import { type LockedGame, type StoredGame, saveGame } from '../store/games.ts';
import { deleteOrders, ordersGiven } from '../store/orders.ts';
import { seatsOf } from '../store/seats.ts';
import { dueAtOfTurn } from '../store/turns.ts';
import { mayCloseByOrders, reasonToClose } from './close-turn.ts';
import { notifyLastAwaited } from './remind.ts';
import { saveAndReport } from './report.ts';

export type StatusChange = {
  readonly status: GameStatus;
  /** Of the game after the change; older ones change nothing. */
  readonly revision: number;
  /** When the lobby decided; the clock stops and goes on at this time. */
  readonly at: Date;
};

/**
 * Applies a change to a game that the transaction has locked, and reports how the game stands then. The caller publishes
 * the report after the commit.
 */
export async function changeStatus(
  tx: Tx,
  parts: Pick<GameMaster, 'outbox'>,
  { game, now }: LockedGame,
  { status, revision, at }: StatusChange,
): Promise<void> {
  if (revision <= game.lobbyRevision) return;
  const changed: StoredGame = { ...game, status, lobbyRevision: revision };
  if (status === 'finished' || status === 'cancelled') return endGame(tx, changed);
  if (game.phase === 'over') return saveGame(tx, changed);
  const { gameId } = game;
  const seats = await seatsOf(tx, gameId);
  const given = await ordersGiven(tx, gameId);
  const next = status === 'paused' ? pause(changed, at) : await resume(tx, changed, at, now);
  // Holders may have left while the game was paused, so that all others are ready now, or all but one.
  const mayClose = mayCloseByOrders({ game: next, now });
  const untold = next.phase === 'open' && untoldVacancies(seats).length > 0;
  const closes = mayClose && reasonToClose({ game: next, now }, seats, given) !== undefined;
  const saved = { ...next, nextAttemptAt: untold || closes ? now : next.nextAttemptAt };
  await saveAndReport(tx, parts, { game: saved, now }, { seats, given });
  if (mayClose) await notifyLastAwaited(tx, parts, { game: saved, now }, { seats, given });
}

/** A closed turn is played on; of an open one the clock stops. */
function pause(game: StoredGame, at: Date): StoredGame {
  const { phase, dueAt, openedAt } = game;
  if (phase !== 'open') return { ...game, pausedAt: at };
  return {
    ...game,
    pausedAt: at,
    remainingMs: dueAt === null ? game.remainingMs : pauseClock(game, dueAt, later(at, openedAt)),
    dueAt: null,
    nextAttemptAt: null,
  };
}

async function resume(tx: Tx, game: StoredGame, at: Date, now: Date): Promise<StoredGame> {
  const { phase, dueAt, openedAt, remainingMs, nextAttemptAt } = game;
  const resumed: StoredGame = { ...game, pausedAt: null, remainingMs: null };
  if (phase === 'setting_up') return { ...resumed, nextAttemptAt: now };
  if (phase !== 'open' || dueAt !== null) return { ...resumed, nextAttemptAt };
  const lastDueAt = await dueAtOfTurn(tx, game.gameId, game.playedTurn);
  const due = resumeClock(game, { remainingMs, lastDueAt }, later(at, openedAt));
  return { ...resumed, dueAt: due, nextAttemptAt: due };
}

/** The turn may have opened after the lobby decided, before its message came; then it has its whole time. */
function later(at: Date, openedAt: Date | null): Date {
  return openedAt !== null && openedAt > at ? openedAt : at;
}

/** There is no next turn, and nothing to do any more. What was played stays. */
export async function endGame(tx: Tx, game: StoredGame): Promise<void> {
  await deleteOrders(tx, game.gameId);
  await saveGame(tx, {
    ...game,
    phase: 'over',
    dueAt: null,
    remainingMs: null,
    closedAt: null,
    closeReason: null,
    awaiting: [],
    ordersBytes: 0,
    failures: 0,
    nextAttemptAt: null,
    claimedBy: null,
    claimToken: null,
    readinessChanged: false,
  });
}
