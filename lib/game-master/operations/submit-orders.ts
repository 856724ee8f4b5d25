import { Refusal } from '../../errors/table.ts';
import type { Caller } from '../../http/caller.ts';
import { inTransaction } from '../../postgres/transaction.ts';
import type { GameMaster } from '../context.ts';
import { EngineTrouble } from '../domain/engine-trouble.ts';
import { isInGrace, sizeProblem } from '../domain/taking-orders.ts';
import type { Validation } from '../peers/engine.ts';
import type { Access } from '../peers/lobby.ts';
import { engineUnavailable, noSeat } from '../refusals.ts';
import type { Work } from '../store/database.ts';
import { lockGame, type StoredGame, saveGame } from '../store/games.ts';
import { findOrders, saveOrders } from '../store/orders.ts';
import { findGameNow, holderOf } from '../store/reads.ts';
import { closeIfComplete } from '../turns/close-turn.ts';
import { report } from '../turns/report.ts';
import { seatOf } from './access.ts';
import { requireOpenTurn } from './require-open-turn.ts';

/** Bound on the engine's word on orders; a player waits for it. */
const validationTimeoutMs = 2_000;

/** What a seat orders for a turn. `ready`: nobody needs to wait for it. */
export type GivenOrders = {
  readonly turn: number;
  readonly orders: Readonly<Record<string, unknown>>;
  readonly ready: boolean;
};

/**
 * `closed`: these orders were the last that the turn waited for. `notified`: they were the last but one, and there is a
 * message to be published.
 */
export type ChangedOrders = {
  readonly gameId: string;
  readonly turn: number;
  readonly state: 'none' | 'draft' | 'ready';
  readonly storedAt: Date | null;
  readonly closed: boolean;
  readonly notified: boolean;
};

/**
 * Takes orders of a seat in place of its earlier ones of this turn.
 * @throws Refusal `forbidden`, `game_not_running`, `turn_closed`, `orders_too_large`, `orders_invalid`,
 *   `engine_unavailable`
 */
export async function submitOrders(
  gm: GameMaster,
  caller: Caller,
  access: Access,
  given: GivenOrders,
): Promise<Work<ChangedOrders>> {
  const { gameId } = access;
  const { turn, ready } = given;
  const seat = seatOf(access);
  const game = await requireOpenTurn(gm.db, access, await findGameNow(gm.db, gameId), turn);
  const text = JSON.stringify(given.orders);
  const bytes = new TextEncoder().encode(text).length;
  refuseSize(bytes, 0);
  await requireValid(gm, caller, access, game, { seat, turn, orders: given.orders });

  return async (tx) => {
    const locked = await lockGame(tx, gameId);
    const open = await requireOpenTurn(tx, access, locked, turn);
    const now = locked?.now ?? open.registeredAt;
    // The lobby may have heard of a leave that has not arrived here, or the reverse; both must agree.
    if (caller.actor.kind !== 'user' || (await holderOf(tx, gameId, seat)) !== caller.actor.userId) {
      throw noSeat();
    }
    const earlier = await findOrders(tx, gameId, seat);
    const othersBytes = open.ordersBytes - (earlier?.bytes ?? 0);
    refuseSize(bytes, othersBytes);
    await saveOrders(tx, { gameId, seat, turn, orders: text, bytes, ready, storedAt: now });
    const becameAnother = (earlier?.ready ?? false) !== ready;
    const changed = {
      ...open,
      ordersBytes: othersBytes + bytes,
      readinessChanged: open.readinessChanged || becameAnother,
    };
    const state = ready ? 'ready' : 'draft';
    const mayClose = ready || isInGrace(open, now);
    const { closed, notified } = mayClose
      ? await closeIfComplete(tx, gm, { game: changed, now }, caller.traceparent)
      : { closed: undefined, notified: false };
    await saveGame(tx, closed ?? changed);
    return { gameId, turn, state, storedAt: now, closed: closed !== undefined, notified };
  };
}

function refuseSize(bytes: number, othersBytes: number): void {
  const problem = sizeProblem(bytes, othersBytes);
  if (problem !== undefined) throw new Refusal('orders_too_large', problem, { bytes });
}

async function requireValid(
  gm: GameMaster,
  caller: Caller,
  access: Access,
  game: StoredGame,
  request: { seat: number; turn: number; orders: unknown },
): Promise<void> {
  const validation = await validate(gm, caller, game, request);
  if (validation.kind === 'other_turn') {
    await requireOpenTurn(gm.db, access, await findGameNow(gm.db, game.gameId), request.turn);
    await noteStateLost(gm, game);
    throw engineUnavailable();
  }
  const { problems } = validation;
  if (problems.length > 0) {
    throw new Refusal('orders_invalid', 'The rules of the game do not allow these orders.', { problems });
  }
}

async function validate(
  gm: GameMaster,
  { requestId, traceparent }: Caller,
  game: StoredGame,
  request: { seat: number; turn: number; orders: unknown },
): Promise<Validation> {
  try {
    const call = { timeoutMs: validationTimeoutMs, traceparent };
    return await gm.openEngine(game.engineEndpoint).validate(request, call);
  } catch (error) {
    if (!(error instanceof EngineTrouble)) throw error;
    gm.log.warn({ error, request_id: requestId, game_id: game.gameId }, 'orders could not be validated');
    throw engineUnavailable();
  }
}

/** The engine is at another turn than the one that is open, and there it stays. */
async function noteStateLost(gm: GameMaster, seen: StoredGame): Promise<void> {
  const noted = await inTransaction(gm.db, async (tx) => {
    const locked = await lockGame(tx, seen.gameId);
    if (locked === undefined) return false;
    const { game, now } = locked;
    const isAsSeen =
      game.phase === 'open' &&
      game.playedTurn === seen.playedTurn &&
      game.runtimeJobId === seen.runtimeJobId &&
      game.engineEndpoint === seen.engineEndpoint;
    if (!isAsSeen || game.engineHealth === 'state_lost') return false;
    const engineProblem = `the engine is not at turn ${game.playedTurn + 1}, which is open`;
    await report(tx, gm, { game: { ...game, engineHealth: 'state_lost', engineProblem }, now });
    return true;
  });
  if (noted) gm.outbox.publishSoon([seen.gameId]);
}
