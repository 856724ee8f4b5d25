// Orders for the turn that is open or closed. Only their author and the engine get them.
import { and, asc, eq, inArray, sql } from 'drizzle-orm';
import { type Given, statement } from '../../postgres/statement.ts';
import type { Db, Tx } from './database.ts';
import { orders } from './schema.ts';

export type StoredOrders = typeof orders.$inferSelect;

/** What may be known of a seat's orders. */
export type OrdersGiven = Pick<StoredOrders, 'seat' | 'ready'>;

type OfGame = { gameId: string };

const findGiven = statement('orders_given', (db: Db, { gameId }: Given<OfGame>) =>
  db
    .select({ seat: orders.seat, ready: orders.ready })
    .from(orders)
    .where(eq(orders.gameId, gameId))
    .orderBy(asc(orders.seat)),
);

/** The seats that have orders, by number, and whether they are ready. */
export function ordersGiven(db: Db, gameId: string): Promise<OrdersGiven[]> {
  return findGiven(db, { gameId });
}

const findOfSeat = statement('orders_of_seat', (db: Db, { gameId, seat }: Given<OfGame & { seat: number }>) =>
  db
    .select()
    .from(orders)
    .where(and(eq(orders.gameId, gameId), eq(orders.seat, seat))),
);

export async function findOrders(db: Db, gameId: string, seat: number): Promise<StoredOrders | undefined> {
  const [found] = await findOfSeat(db, { gameId, seat });
  return found;
}

type NewOrders = Omit<StoredOrders, 'orders'> & { orders: string };

const upsert = statement('save_orders', (tx: Tx, given: Given<NewOrders>) =>
  tx
    .insert(orders)
    .values({
      gameId: given.gameId,
      seat: given.seat,
      turn: given.turn,
      orders: given.orders,
      bytes: given.bytes,
      ready: given.ready,
      storedAt: given.storedAt,
    })
    .onConflictDoUpdate({
      target: [orders.gameId, orders.seat],
      set: {
        turn: sql`excluded.turn`,
        orders: sql`excluded.orders`,
        bytes: sql`excluded.bytes`,
        ready: sql`excluded.ready`,
        storedAt: sql`excluded.stored_at`,
      },
    }),
);

/** Stores the orders of a seat in place of those that it had. @param given `orders` is JSON text. */
export async function saveOrders(tx: Tx, given: NewOrders): Promise<void> {
  await upsert(tx, given);
}

const deleteAll = statement('delete_orders', (tx: Tx, { gameId }: Given<OfGame>) =>
  tx.delete(orders).where(eq(orders.gameId, gameId)),
);

export async function deleteOrders(tx: Tx, gameId: string): Promise<void> {
  await deleteAll(tx, { gameId });
}

/** @returns how many bytes the orders of these seats had. */
export async function deleteOrdersOf(tx: Tx, gameId: string, of: readonly number[]): Promise<number> {
  const deleted = await tx
    .delete(orders)
    .where(and(eq(orders.gameId, gameId), inArray(orders.seat, [...of])))
    .returning({ bytes: orders.bytes });
  return deleted.reduce((sum, { bytes }) => sum + bytes, 0);
}
