import { asc, eq, sql } from 'drizzle-orm';
import {
  integer,
  type PgDatabase,
  type PgQueryResultHKT,
  pgTable,
  text,
  timestamp,
} from 'drizzle-orm/pg-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { databaseOn } from '../../lib/postgres/database.ts';
import { createPool } from '../../lib/postgres/pool.ts';
import { type Given, statement } from '../../lib/postgres/statement.ts';
import { together } from '../../lib/postgres/together.ts';
import { createTestDatabase, type TestDatabase } from '../support/stores/database.ts';

type Db = PgDatabase<PgQueryResultHKT>;

const notes = pgTable('notes', {
  word: text('word').primaryKey(),
  endedAt: timestamp('ended_at', { withTimezone: true, mode: 'date' }),
});

type Word = { word: string; length: number };
const words = pgTable('words', { word: text('word').primaryKey(), length: integer('length') });

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

it('a prepared statement is described once per connection, and its rows are read as before', async () => {
  const pool = createPool(
    { dsn: database.dsn, maxConnections: 1, maxIdleConnections: 1, operationTimeoutMs: 5_000 },
    () => {},
  );
  let descriptions = 0;
  pool.on('connect', (client) => {
    const { connection } = client as unknown as { connection: NodeJS.EventEmitter };
    connection.on('rowDescription', () => {
      descriptions += 1;
    });
  });
  const db = databaseOn(pool);
  const findWord = statement('find_word', (on: Db, { word }: Given<{ word: string }>) =>
    on.select().from(words).where(eq(words.word, word)),
  );
  const countWords = statement('count_words', (on: Db) =>
    on.select({ sum: sql<string>`sum(length)`, word: sql<string>`min(word)` }).from(words),
  );
  const lengthen = statement('lengthen_word', (on: Db, { word, length }: Given<Word>) =>
    on
      .update(words)
      .set({ length: sql`${words.length} / ${length}` })
      .where(eq(words.word, word)),
  );
  try {
    await db.execute(sql`create table words (word text primary key, length int)`);
    await db.execute(sql`insert into words values ('ten', 10), ('none', null)`);
    const ten = { word: 'ten', length: 10 };
    for (let time = 0; time < 2; time += 1) {
      expect(await findWord(db, { word: 'ten' })).toEqual([ten]);
      expect(await findWord(db, { word: 'none' })).toEqual([{ word: 'none', length: null }]);
      expect(await findWord(db, { word: 'nowhere' })).toEqual([]);
      expect(await countWords(db, {})).toEqual([{ sum: '10', word: 'none' }]);
      await lengthen(db, { word: 'ten', length: 1 });
    }
    expect(descriptions).toBe(2);
    const dividedBy = (length: number) =>
      db.transaction((tx) =>
        together(
          tx,
          () => findWord(tx, { word: 'ten' }),
          () => lengthen(tx, { word: 'ten', length }),
          () => countWords(tx, {}),
        ),
      );
    await expect(dividedBy(0)).rejects.toMatchObject({ cause: { code: '22012' } });
    expect(await dividedBy(1)).toMatchObject([[ten], { rowCount: 1 }, [{ sum: '10', word: 'none' }]]);
    expect(descriptions).toBe(2);
    // PostgreSQL refuses to run it, as before.
    await db.execute(sql`alter table words alter column length type text`);
    await expect(findWord(db, { word: 'ten' })).rejects.toMatchObject({ cause: { code: '0A000' } });
    expect(await db.execute(sql`select length from words where word = 'ten'`)).toMatchObject({
      rows: [{ length: '10' }],
    });
  } finally {
    await pool.end();
  }
});
