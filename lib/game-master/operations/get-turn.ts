import type { GameResult, Manifest } from '../../engine/api.ts';
import type { Caller } from '../../http/caller.ts';
import { latestClosing } from '../../time/turn-clock.ts';
import type { GameMaster } from '../context.ts';
import { isAnyMissing, readySeats } from '../domain/seats.ts';
import { currentTurn, isClosed } from '../domain/taking-orders.ts';
import type { Access } from '../peers/lobby.ts';
import { findTurn, type GameTurn } from '../store/reads.ts';
import { accessOf, requireSetUp } from './access.ts';

export const turnStatuses = ['open', 'closed', 'paused', 'finished', 'cancelled'] as const;
export type TurnStatus = (typeof turnStatuses)[number];

export type Turn = {
  readonly turn: number;
  readonly status: TurnStatus;
  readonly openedAt: Date | null;
  readonly dueAt: Date | null;
  readonly closesAt: Date | null;
  readonly dueReason: 'schedule' | 'turn_seconds' | null;
  /** Seats that somebody holds and that the turn waits for. */
  readonly awaiting: readonly number[];
  /** Those among them that are ready. */
  readonly ready: readonly number[];
  readonly seat: number | null;
  readonly ownOrders: 'none' | 'draft' | 'ready' | null;
  readonly playedTurn: number;
  readonly turnOrder: Manifest['turn_order'] | null;
  readonly result: GameResult | null;
};

/**
 * The turn that a game is at: when it is due, and who is awaited.
 * @throws Refusal `not_found`, `game_not_running`
 */
export async function getTurn(
  gm: Pick<GameMaster, 'db' | 'lobby' | 'log'>,
  caller: Caller,
  gameId: string,
): Promise<Turn> {
  const access = await accessOf(gm, caller, gameId);
  const found = await findTurn(gm.db, gameId);
  const game = requireSetUp(access, found?.game);
  const { held = [], given = [] } = found ?? {};
  const status = statusOf(access, found);
  const ended = status === 'finished' || status === 'cancelled';
  const awaiting = ended ? [] : game.awaiting.filter((seat) => held.includes(seat)).toSorted((a, b) => a - b);
  const own = given.find(({ seat }) => seat === access.seat);
  const ownOrders = own === undefined ? 'none' : own.ready ? 'ready' : 'draft';
  const dueAt = ended ? null : game.dueAt;
  return {
    turn: currentTurn(game),
    status,
    openedAt: ended ? null : game.openedAt,
    dueAt,
    closesAt: dueAt === null ? null : latestClosing(game, dueAt),
    dueReason: dueAt === null ? null : game.turnSchedule === null ? 'turn_seconds' : 'schedule',
    awaiting,
    ready: readySeats(awaiting, given),
    seat: access.seat,
    ownOrders: access.seat === null || ended ? null : ownOrders,
    playedTurn: game.playedTurn,
    turnOrder: game.manifest?.turn_order ?? null,
    result: game.result,
  };
}

function statusOf({ status }: Access, found: GameTurn | undefined): TurnStatus {
  if (status === 'finished' || status === 'cancelled') return status;
  if (found === undefined) return 'open';
  const { game, now, held, given } = found;
  if (game.phase === 'over') return game.result === null ? 'cancelled' : 'finished';
  const awaited = game.awaiting.filter((seat) => held.includes(seat));
  if (isClosed(game, isAnyMissing(awaited, given), now)) return 'closed';
  return status === 'paused' || game.status === 'paused' ? 'paused' : 'open';
}
