import { and, asc, eq, inArray, isNull, sql } from 'drizzle-orm';
import { type Given, statement } from '../../postgres/statement.ts';
import type { Db, Tx } from './database.ts';
import { seats } from './schema.ts';

export type StoredSeat = Omit<typeof seats.$inferSelect, 'gameId'>;
export type NewSeat = Pick<StoredSeat, 'seat' | 'userId' | 'label'>;

const columns = {
  seat: seats.seat,
  userId: seats.userId,
  label: seats.label,
  vacatedAt: seats.vacatedAt,
  vacant: seats.vacant,
  vacancyTold: seats.vacancyTold,
  waitedForTurn: seats.waitedForTurn,
};

const findAll = statement('seats_of_game', (db: Db, { gameId }: Given<{ gameId: string }>) =>
  db.select(columns).from(seats).where(eq(seats.gameId, gameId)).orderBy(asc(seats.seat)),
);

/** All seats of a game, bots and vacant ones included, by number. */
export function seatsOf(db: Db, gameId: string): Promise<StoredSeat[]> {
  return findAll(db, { gameId });
}

/** Adds seats; those that are there stay as they are. */
export async function insertSeats(tx: Tx, gameId: string, added: readonly NewSeat[]): Promise<void> {
  if (added.length === 0) return;
  await tx
    .insert(seats)
    .values(added.map((seat) => ({ gameId, ...seat })))
    .onConflictDoNothing();
}

/** Notes down that the holders of seats have left; those who left before keep their time. */
export async function markVacated(tx: Tx, gameId: string, left: readonly number[], at: Date): Promise<void> {
  await tx
    .update(seats)
    .set({ vacatedAt: at })
    .where(and(eq(seats.gameId, gameId), inArray(seats.seat, [...left]), isNull(seats.vacatedAt)));
}

/** From now on nobody waits for these seats. */
export async function markVacant(tx: Tx, gameId: string, left: readonly number[]): Promise<void> {
  await tx
    .update(seats)
    .set({ vacant: true })
    .where(and(eq(seats.gameId, gameId), inArray(seats.seat, [...left])));
}

/** The engine knows that these seats are vacant. */
export async function markVacancyTold(tx: Tx, gameId: string, told: readonly number[]): Promise<void> {
  await tx
    .update(seats)
    .set({ vacancyTold: true })
    .where(and(eq(seats.gameId, gameId), inArray(seats.seat, [...told]), sql`${seats.vacant}`));
}

const updateWaitedFor = statement(
  'mark_waited_for',
  (tx: Tx, { gameId, seat, turn }: Given<{ gameId: string; seat: number; turn: number }>) =>
    tx
      .update(seats)
      .set({ waitedForTurn: turn })
      .where(and(eq(seats.gameId, gameId), eq(seats.seat, seat))),
);

/** Notes down that the holder of a seat was notified that all others are ready in this turn. */
export async function markWaitedFor(tx: Tx, gameId: string, seat: number, turn: number): Promise<void> {
  await updateWaitedFor(tx, { gameId, seat, turn });
}

export async function deleteSeats(tx: Tx, gameId: string): Promise<void> {
  await tx.delete(seats).where(eq(seats.gameId, gameId));
}
