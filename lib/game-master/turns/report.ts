import type { NewMessage } from '../../outbox/store.ts';
import type { GameMaster } from '../context.ts';
import { report as reportMessage } from '../outbox/messages.ts';
import type { Tx } from '../store/database.ts';
import { type LockedGame, lockUnreportedGames, type StoredGame, saveGame } from '../store/games.ts';
import { type OrdersGiven, ordersGiven } from '../store/orders.ts';
import { type StoredSeat, seatsOf } from '../store/seats.ts';

type Parts = Pick<GameMaster, 'outbox'>;

export type Reported = {
  readonly seats: readonly StoredSeat[];
  /** Of the turn that is open or closed. */
  readonly given: readonly OrdersGiven[];
  /** Published before the report, since players wait for them. */
  readonly urgent?: readonly NewMessage[];
  /** Published after it. */
  readonly messages?: readonly NewMessage[];
  readonly traceparent?: string | undefined;
};

/** Writes the progress of a game that the transaction has locked, and reports to the lobby how the game stands. */
export async function saveAndReport(
  tx: Tx,
  { outbox }: Parts,
  { game, now }: LockedGame,
  { urgent = [], messages = [], traceparent, ...reported }: Reported,
): Promise<StoredGame> {
  const saved: StoredGame = {
    ...game,
    reportSeq: game.reportSeq + 1,
    readinessReportedAt: now,
    readinessChanged: false,
  };
  await saveGame(tx, saved);
  const reportOfGame = reportMessage(saved, reported, { at: now, traceparent });
  await outbox.write(tx, [...urgent, reportOfGame, ...messages]);
  return saved;
}

/** The same with what is stored of seats and orders. The caller publishes the message after the commit. */
export async function report(tx: Tx, parts: Parts, locked: LockedGame): Promise<StoredGame> {
  const { gameId } = locked.game;
  const seats = await seatsOf(tx, gameId);
  return saveAndReport(tx, parts, locked, { seats, given: await ordersGiven(tx, gameId) });
}

const reportedAtOnce = 50;

/**
 * Reports games whose seats have become ready, or not ready any more; each at most once a second.
 * @returns their ids, to be published after the commit.
 */
export async function reportReadiness(tx: Tx, parts: Parts): Promise<string[]> {
  const changed = await lockUnreportedGames(tx, reportedAtOnce);
  for (const locked of changed) await report(tx, parts, locked);
  return changed.map(({ game }) => game.gameId);
}
