// A consumer for tests, on real stores: it records each entry in PostgreSQL, in the order in which they take effect.
// Every test has a stream of its own.
import { randomUUID } from 'node:crypto';
import { eq, sql } from 'drizzle-orm';
import { bigint, integer, pgTable, text } from 'drizzle-orm/pg-core';
import type pg from 'pg';
import { z } from 'zod';
import type { Db, Tx } from '../../../lib/lobby/store/database.ts';
import * as tables from '../../../lib/lobby/store/schema.ts';
import { databaseOn } from '../../../lib/postgres/database.ts';
import { createPool } from '../../../lib/postgres/pool.ts';
import { fieldsOf, integerText } from '../../../lib/protocol/stream-fields.ts';
import { openRedis, type Redis } from '../../../lib/redis/client.ts';
import { type Consumer, type Delivery, runConsumer } from '../../../lib/streams/consumer.ts';
import type { ConsumedStream } from '../../../lib/streams/offset.ts';
import { lobbyTemplate } from '../lobby/lobby.ts';
import { type LogLine, recordingLog } from '../run/log-lines.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { createTestRedis, type TestRedis } from './redis.ts';

const saidEntry = z.object({ event_id: z.string().min(1), thing: z.string(), number: integerText });
export type Said = z.output<typeof saidEntry>;

const effects = pgTable('effects', {
  position: bigint('position', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  consumer: text('consumer').notNull(),
  thing: text('thing').notNull(),
  number: integer('number').notNull(),
});

export type StreamStores = {
  database: TestDatabase;
  server: TestRedis;
  pool: pg.Pool;
  db: Db;
  redis: Redis;
  close(): Promise<void>;
};

export async function openStreamStores(): Promise<StreamStores> {
  const database = await createTestDatabase(lobbyTemplate);
  const server = await createTestRedis();
  const pool = connectPostgres(database.dsn);
  const redis = await connectRedis(server);
  const db = databaseOn(pool);
  await db.execute(
    sql`create table effects (position bigint primary key generated always as identity,
        consumer text not null, thing text not null, number integer not null)`,
  );
  return {
    database,
    server,
    pool,
    db,
    redis,
    async close() {
      redis.disconnect();
      await pool.end();
      await Promise.all([server.drop(), database.drop()]);
    },
  };
}

export function connectPostgres(dsn: string): pg.Pool {
  // Errors are expected, since tests end connections.
  return createPool({ dsn, maxConnections: 10, maxIdleConnections: 0, operationTimeoutMs: 5_000 }, () => {});
}

/** @param onError called with each failure of the connection. */
export function connectRedis(
  { host, port, password, db }: Pick<TestRedis, 'host' | 'port' | 'password' | 'db'>,
  onError: (error: Error) => void = () => {},
): Promise<Redis> {
  return openRedis({ addr: { host, port }, password, db, operationTimeoutMs: 5_000 }, onError);
}

export type Handle = (said: Said, delivery: Delivery<Tx>) => Promise<void>;

export type Replica = {
  readonly lines: LogLine[];
  /** Stops it cleanly. */
  stop(): Promise<void>;
};

/** A stream and its consumer; `handle` can be replaced while it runs. */
export class TestStream {
  readonly name = `test_${randomUUID()}`;
  readonly consumed: ConsumedStream = { stream: `${this.name}:stream`, offsetKey: `${this.name}:offset` };
  readonly #stores: StreamStores;
  handle: Handle;

  constructor(stores: StreamStores) {
    this.#stores = stores;
    this.handle = this.apply;
  }

  /** The default handling of an entry. */
  readonly apply: Handle = async (said, delivery) => {
    await delivery.apply(said.event_id, (tx) => this.write(tx, said));
  };

  async write(tx: Tx, { thing, number }: Said): Promise<void> {
    await tx.insert(effects).values({ consumer: this.name, thing, number });
  }

  /** @param said `thing` and number, such as `a1`. @returns the ids of the entries. */
  async add(...said: string[]): Promise<string[]> {
    const ids: string[] = [];
    for (const text of said) {
      const [thing, number] = [text.slice(0, 1), Number(text.slice(1))];
      const fields = fieldsOf(saidEntry, { event_id: `${this.name}:${text}`, thing, number });
      ids.push(await this.addFields(fields));
    }
    return ids;
  }

  /** @param fields alternating names and values. */
  async addFields(fields: readonly string[], id = '*'): Promise<string> {
    const added = await this.#stores.redis.xadd(this.consumed.stream, id, ...fields);
    if (added === null) throw new Error('a stream that is not trimmed takes every entry');
    return added;
  }

  /** The entries that took effect, in that order, such as `a1`. */
  async effects(): Promise<string[]> {
    const { db } = this.#stores;
    const rows = await db
      .select()
      .from(effects)
      .where(eq(effects.consumer, this.name))
      .orderBy(effects.position);
    return rows.map(({ thing, number }) => `${thing}${number}`);
  }

  async offset(): Promise<string | undefined> {
    return (await this.#stores.redis.get(this.consumed.offsetKey)) ?? undefined;
  }

  /** Starts a replica, by default on the test file's stores. */
  start(on: { db?: Db; redis?: Redis; blockMs?: number; attempts?: number; handle?: Handle } = {}): Replica {
    const { log, lines } = recordingLog();
    const stop = new AbortController();
    const consumer: Consumer<Said, Tx> = {
      name: this.name,
      ...this.consumed,
      entry: saidEntry,
      orderingKey: ({ thing }) => thing,
      handle: (said, delivery) => (on.handle ?? this.handle)(said, delivery),
    };
    const { db, redis } = { ...this.#stores, ...on };
    const parts = {
      db,
      redis,
      tables,
      blockMs: on.blockMs ?? 200,
      operationTimeoutMs: 1_000,
      ...(on.attempts === undefined ? {} : { attempts: on.attempts }),
      log,
    };
    const running = runConsumer(consumer, parts, stop.signal);
    return {
      lines,
      async stop() {
        stop.abort();
        await running;
      },
    };
  }
}
