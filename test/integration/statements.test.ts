import { asc, eq, sql } from 'drizzle-orm';
import { type PgDatabase, type PgQueryResultHKT, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { databaseOn } from '../../lib/postgres/database.ts';
import { createPool } from '../../lib/postgres/pool.ts';
import { type Given, statement } from '../../lib/postgres/statement.ts';
import { createTestDatabase, type TestDatabase } from '../support/stores/database.ts';

type Db = PgDatabase<PgQueryResultHKT>;

const notes = pgTable('notes', {
  word: text('word').primaryKey(),
  endedAt: timestamp('ended_at', { withTimezone: true, mode: 'date' }),
});

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

it('a statement is put together once per connection, in whichever transactions it runs', async () => {
  const pool = createPool(
    { dsn: database.dsn, maxConnections: 2, maxIdleConnections: 2, operationTimeoutMs: 5_000 },
    () => {},
  );
  const db = databaseOn(pool);
  let built = 0;
  const insertNote = statement(
    'insert_note',
    (tx: Db, { word, endedAt }: Given<{ word: string; endedAt: Date | null }>) => {
      built += 1;
      return tx.insert(notes).values({ word, endedAt });
    },
  );
  const findNote = statement('find_note', (on: Db, { word }: Given<{ word: string }>) =>
    on.select().from(notes).where(eq(notes.word, word)).orderBy(asc(notes.word)),
  );
  const endedAt = new Date('2026-01-02T03:04:05.678Z');
  try {
    await db.execute(sql`create table notes (word text primary key, ended_at timestamptz)`);
    await db.transaction((tx) => insertNote(tx, { word: 'first', endedAt }));
    await db.transaction(async (tx) => {
      await insertNote(tx, { word: 'second', endedAt: null });
      await tx.transaction((savepoint) => insertNote(savepoint, { word: 'third', endedAt }));
      const { rows } = await tx.execute(sql`select name from pg_prepared_statements`);
      expect(rows).toEqual([{ name: 'insert_note' }]);
    });
    expect(built).toBe(1);
    await Promise.all(
      ['fourth', 'fifth'].map((word) =>
        db.transaction(async (tx) => {
          await insertNote(tx, { word, endedAt });
          // Neither ends before the other has begun, so each has a connection.
          await expect.poll(() => pool.totalCount, { timeout: 10_000 }).toBe(2);
        }),
      ),
    );
    expect(built).toBe(2);
    expect(await findNote(db, { word: 'first' })).toEqual([{ word: 'first', endedAt }]);
    expect(await findNote(db, { word: 'second' })).toEqual([{ word: 'second', endedAt: null }]);
    expect(await findNote(db, { word: 'nowhere' })).toEqual([]);
  } finally {
    await pool.end();
  }
});
