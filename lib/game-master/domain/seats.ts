// Whom a turn waits for, and what becomes of the orders of each seat.
import type { OrderState } from '../../engine/api.ts';

export type Seat = {
  readonly seat: number;
  /** null for a bot. */
  readonly userId: string | null;
  /** When its holder left. */
  readonly vacatedAt: Date | null;
  /** Whether that has taken effect. */
  readonly vacant: boolean;
  /** Whether the engine knows of it. */
  readonly vacancyTold: boolean;
};

type OrdersGiven = { readonly seat: number; readonly ready: boolean };

/** Whether a member may act for the seat. */
export function isHeld({ userId, vacant }: Pick<Seat, 'userId' | 'vacant'>): boolean {
  return userId !== null && !vacant;
}

/** The seats that a turn waits for: those that the engine waits for and a member holds. */
export function awaitedSeats(awaiting: readonly number[], seats: readonly Seat[]): number[] {
  const named = new Set(awaiting);
  return seats.filter((seat) => named.has(seat.seat) && isHeld(seat)).map(({ seat }) => seat);
}

/** Those among the awaited seats that need not be waited for any more. */
export function readySeats(awaited: readonly number[], given: readonly OrdersGiven[]): number[] {
  const ready = new Set(given.flatMap((orders) => (orders.ready ? [orders.seat] : [])));
  return awaited.filter((seat) => ready.has(seat));
}

/** The awaited seats that have given neither a draft nor ready orders. */
export function seatsWithoutOrders(awaited: readonly number[], given: readonly OrdersGiven[]): number[] {
  const withOrders = new Set(given.map(({ seat }) => seat));
  return awaited.filter((seat) => !withOrders.has(seat));
}

/** Whether everybody whom the turn waits for is ready; a turn that waits for nobody is not. */
export function allReady(awaited: readonly number[], given: readonly OrdersGiven[]): boolean {
  return awaited.length > 0 && readySeats(awaited, given).length === awaited.length;
}

/** The one seat that is not ready of several that a turn waits for. */
export function lastAwaited(awaited: readonly number[], given: readonly OrdersGiven[]): number | undefined {
  const ready = new Set(readySeats(awaited, given));
  const missing = awaited.filter((seat) => !ready.has(seat));
  return awaited.length > 1 && missing.length === 1 ? missing[0] : undefined;
}

/** Whether the turn waits for a seat that has given neither a draft nor ready orders. */
export function isAnyMissing(awaited: readonly number[], given: readonly OrdersGiven[]): boolean {
  return awaited.some((seat) => !given.some((orders) => orders.seat === seat));
}

/** Seats whose holders have left, without effect yet. */
export function pendingVacancies(seats: readonly Seat[]): number[] {
  return seats.filter(({ vacatedAt, vacant }) => vacatedAt !== null && !vacant).map(({ seat }) => seat);
}

/** Vacant seats that the engine does not know of. */
export function untoldVacancies(seats: readonly Seat[]): number[] {
  return seats.filter(({ vacant, vacancyTold }) => vacant && !vacancyTold).map(({ seat }) => seat);
}

/** What becomes of every seat when a turn closes. Bots have no orders here; the engine makes them. */
export function outcomesAtClose(
  awaiting: readonly number[],
  seats: readonly Seat[],
  given: readonly OrdersGiven[],
): { seat: number; state: OrderState | 'not_awaited' }[] {
  const named = new Set(awaiting);
  const readyOf = new Map(given.map(({ seat, ready }) => [seat, ready]));
  return seats.map(({ seat, userId, vacant }) => {
    const ready = readyOf.get(seat);
    if (userId === null || (!named.has(seat) && ready === undefined)) return { seat, state: 'not_awaited' };
    if (vacant) return { seat, state: 'vacant' };
    return { seat, state: ready === undefined ? 'missing' : ready ? 'ready' : 'draft' };
  });
}
