// What everything above them takes for granted of a driver of PostgreSQL, from both of them, on a real server.
import { eq, sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  customType,
  doublePrecision,
  jsonb,
  type PgDatabase,
  type PgQueryResultHKT,
  pgTable,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../../infra/local/child.ts';
import { withClient } from '../../../infra/local/postgres.ts';
import { startWebSocketProxy, type WebSocketProxy } from '../../../infra/local/websocket-proxy.ts';
import { isTransientFault } from '../../../lib/errors/transient-fault.ts';
import { neonPostgres } from '../../../lib/postgres/neon.ts';
import { pgPostgres } from '../../../lib/postgres/pg.ts';
import type { OpenPostgres, PoolOptions, Postgres } from '../../../lib/postgres/pool-options.ts';
import { type Given, statement } from '../../../lib/postgres/statement.ts';
import { together } from '../../../lib/postgres/together.ts';
import { inTransaction, sqlState } from '../../../lib/postgres/transaction.ts';
import { startTcpProxy, type TcpProxy } from '../../support/network/tcp-proxy.ts';
import { createTestDatabase, type TestDatabase } from '../../support/stores/database.ts';

type Db = PgDatabase<PgQueryResultHKT>;

const bytes = customType<{ data: Uint8Array<ArrayBuffer>; driverData: Uint8Array }>({
  dataType: () => 'bytea',
  fromDriver: (value) => new Uint8Array(value),
});

const ships = pgTable('ships', {
  name: text('name').primaryKey(),
  shipId: uuid('ship_id'),
  launchedAt: timestamp('launched_at', { withTimezone: true, precision: 3 }),
  cargo: jsonb('cargo'),
  tons: bigint('tons', { mode: 'number' }),
  speed: doublePrecision('speed'),
  crew: text('crew').array(),
  key: bytes('key'),
  armed: boolean('armed'),
});

const nothing = { shipId: null, launchedAt: null, cargo: null, tons: null, speed: null, crew: null };
const empty = { ...nothing, key: null, armed: null };

let database: TestDatabase;
let websocket: WebSocketProxy;
/** Between the driver and PostgreSQL, so that a test can take it away. */
let link: TcpProxy;
beforeAll(async () => {
  database = await createTestDatabase();
  const { hostname, port } = new URL(database.dsn);
  [websocket, link] = await Promise.all([
    startWebSocketProxy(),
    startTcpProxy({ host: hostname, port: Number(port) }),
  ]);
  await withClient(database.dsn, (client) =>
    client.query(`create table ships (name text primary key, ship_id uuid, launched_at timestamptz(3), cargo jsonb,
      tons bigint, speed double precision, crew text[], key bytea, armed boolean,
      constraint tons_are_positive check (tons > 0))`),
  );
});
afterAll(async () => {
  await Promise.all([websocket.close(), link.close()]);
  await database.drop();
});

const drivers: [name: string, open: OpenPostgres][] = [
  ['pg', pgPostgres],
  [
    'neon',
    (options, onError) =>
      neonPostgres({ websocketProxy: { host: '127.0.0.1', port: websocket.port }, ...options }, onError),
  ],
];

describe.each(drivers)('with %s', (_, openDriver) => {
  const opened: Postgres[] = [];
  const errors: Error[] = [];
  const open = (changes: Partial<Parameters<OpenPostgres>[0]> = {}) => {
    const dsn = Object.assign(new URL(database.dsn), { host: link.addr }).href;
    const options: PoolOptions = { dsn, maxConnections: 3, maxIdleConnections: 1, operationTimeoutMs: 5_000 };
    const postgres = openDriver({ ...options, ...changes }, (error) => errors.push(error));
    opened.push(postgres);
    return postgres.db;
  };
  beforeEach(() => withClient(database.dsn, (client) => client.query('truncate ships')));
  afterEach(async () => {
    link.heal();
    errors.splice(0);
    await Promise.all(opened.splice(0).map((postgres) => postgres.close()));
  });
  const names = async (db: Db) =>
    (await db.select({ name: ships.name }).from(ships).orderBy(ships.name)).map(({ name }) => name);
  const pidOf = async (db: Db) => {
    const [row] = await db.select({ pid: sql<number>`pg_backend_pid()` }).from(sql`(select 1) as one`);
    return row?.pid ?? 0;
  };
  const failure = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => expect.unreachable('it should fail'),
      (error: unknown) => error,
    );

  it('values come back as they were given', async () => {
    const db = open();
    const full = {
      name: 'Vögel "und" \\ 🚀',
      shipId: '0190a0b0-0000-7000-8000-000000000001',
      launchedAt: new Date('2031-05-01T12:00:00.123Z'),
      cargo: { a: [1, null, 'x'], deep: { b: '123' } },
      tons: 9_007_199_254_740_991,
      speed: 0.1,
      crew: ['Ada', 'with "quotes", commas', ''],
      key: new Uint8Array([0, 1, 127, 128, 255]),
      armed: false,
    };
    await db.insert(ships).values([full, { ...empty, name: 'empty' }]);
    expect(await db.select().from(ships).orderBy(ships.armed)).toEqual([full, { ...empty, name: 'empty' }]);
    expect(await db.select().from(ships).where(eq(ships.launchedAt, full.launchedAt))).toEqual([full]);
    const read = statement('find_by_name', (on: Db, { name }: Given<{ name: string }>) =>
      on.select().from(ships).where(eq(ships.name, name)),
    );
    for (const on of [db, db]) expect(await read(on, { name: full.name })).toEqual([full]);
    expect(await db.transaction((tx) => read(tx, { name: full.name }))).toEqual([full]);
  });

  it('a transaction happens wholly or not at all, and fails with what failed first', async () => {
    const db = open();
    expect(
      await db.transaction(async (tx) => {
        await tx.insert(ships).values({ name: 'kept' });
        return names(tx);
      }),
    ).toEqual(['kept']);
    const changedMyMind = new Error('changed my mind');
    const refused = db.transaction(async (tx) => {
      await tx.insert(ships).values({ name: 'dropped' });
      throw changedMyMind;
    });
    expect(await failure(refused)).toBe(changedMyMind);
    const isolated = await db.transaction((tx) => tx.execute(sql`show transaction_isolation`), {
      isolationLevel: 'serializable',
    });
    expect(isolated).toMatchObject({ rows: [{ transaction_isolation: 'serializable' }] });
    expect(await names(db)).toEqual(['kept']);
  });

  it('a violated constraint is known by its SQLSTATE and name, and is no passing fault', async () => {
    const db = open({ maxConnections: 1 });
    await db.insert(ships).values({ name: 'first' });
    const twice = await failure(db.insert(ships).values({ name: 'first' }));
    expect(sqlState(twice)).toEqual({ code: '23505', constraint: 'ships_pkey' });
    const negative = await failure(db.transaction((tx) => tx.insert(ships).values({ name: 'x', tons: -1 })));
    expect(sqlState(negative)).toEqual({ code: '23514', constraint: 'tons_are_positive' });
    expect([twice, negative].map(isTransientFault)).toEqual([false, false]);
    expect(await names(db)).toEqual(['first']);
  });

  it('of two transactions that lock each other out one is played again', async () => {
    const db = open();
    await db.insert(ships).values([{ name: 'a' }, { name: 'b' }]);
    let attempts = 0;
    const bothHold = Promise.withResolvers<void>();
    let holding = 0;
    const lock = (first: string, second: string) =>
      inTransaction(db, async (tx) => {
        attempts += 1;
        const touch = (name: string) =>
          tx
            .update(ships)
            .set({ tons: sql`coalesce(${ships.tons}, 0) + 1` })
            .where(eq(ships.name, name));
        await touch(first);
        holding += 1;
        if (holding === 2) bothHold.resolve();
        await bothHold.promise;
        await touch(second);
      });
    await Promise.all([lock('a', 'b'), lock('b', 'a')]);
    // The one that is played again may be quicker to lock its row than the other, which waits for it, and so meet it again.
    expect(attempts).toBeGreaterThanOrEqual(3);
    expect(await db.select({ tons: ships.tons }).from(ships)).toEqual([{ tons: 2 }, { tons: 2 }]);
  });

  it('a statement that takes too long is ended by the server, and its connection serves on', async () => {
    const db = open({ maxConnections: 1, operationTimeoutMs: 1_000 });
    const late = await failure(db.execute(sql`select pg_sleep(30)`));
    expect([sqlState(late)?.code, isTransientFault(late)]).toEqual(['57014', true]);
    expect(await names(db)).toEqual([]);
  });

  it('statements that are sent together run in their order', async () => {
    const db = open({ maxConnections: 1 });
    const results = await db.transaction((tx) =>
      together(
        tx,
        () => names(tx),
        () => tx.insert(ships).values({ name: 'first' }).returning({ name: ships.name }),
        () => names(tx),
        () => tx.insert(ships).values({ name: 'second' }).returning({ name: ships.name }),
        () => names(tx),
      ),
    );
    expect(results).toEqual([[], [{ name: 'first' }], ['first'], [{ name: 'second' }], ['first', 'second']]);
  });

  it.each([
    ['violates a constraint', () => sql`insert into ships (name, tons) values ('x', -1)`, ['23514', false]],
    ['takes too long', () => sql`select pg_sleep(30)`, ['57014', true]],
    ['loses the connection', () => sql`select pg_terminate_backend(pg_backend_pid())`, ['57P01', true]],
  ] as const)(
    'where one of them %s, all fail with it, and the next are not affected',
    async (__, breaks, how) => {
      const db = open({ maxConnections: 1, operationTimeoutMs: 1_000 });
      const read = statement('find_together', (on: Db, { name }: Given<{ name: string }>) =>
        on.select().from(ships).where(eq(ships.name, name)),
      );
      const failed = await failure(
        db.transaction((tx) =>
          together(
            tx,
            () => tx.insert(ships).values({ name: 'before' }),
            () => tx.execute(breaks()),
            () => tx.insert(ships).values({ name: 'behind' }),
            () => read(tx, { name: 'before' }),
          ),
        ),
      );
      expect([sqlState(failed)?.code, isTransientFault(failed)]).toEqual(how);
      expect(await names(db)).toEqual([]);
      // Also a statement that was to be prepared behind the one that failed.
      expect(await db.transaction((tx) => read(tx, { name: 'before' }))).toEqual([]);
    },
  );

  it('where the link falls silent, those that were sent together fail in bounded time', async () => {
    const db = open({ maxConnections: 1, operationTimeoutMs: 500 });
    const silent = db.transaction(async (tx) => {
      await names(tx);
      link.stall();
      return together(
        tx,
        () => tx.insert(ships).values({ name: 'lost' }),
        () => names(tx),
      );
    });
    expect(isTransientFault(await failure(silent))).toBe(true);
    link.heal();
    expect(await db.transaction((tx) => names(tx))).toEqual([]);
  });

  it('a transaction that cannot begin, or not end, keeps no connection from others', async () => {
    const db = open({ maxConnections: 1, maxIdleConnections: 0, operationTimeoutMs: 1_000 });
    const work = () => db.transaction((tx) => names(tx));
    expect(await work()).toEqual([]);
    link.stall();
    expect(isTransientFault(await failure(work()))).toBe(true);
    link.heal();
    const stalled = db.transaction(async (tx) => {
      await names(tx);
      link.stall();
    });
    expect(isTransientFault(await failure(stalled))).toBe(true);
    link.heal();
    expect(await work()).toEqual([]);
  });

  it('a connection that is lost in a transaction is a passing fault, and replaced', async () => {
    const db = open({ maxConnections: 1 });
    const ended = await failure(
      db.transaction((tx) => tx.execute(sql`select pg_terminate_backend(pg_backend_pid())`)),
    );
    expect([sqlState(ended)?.code, isTransientFault(ended)]).toEqual(['57P01', true]);
    expect(await names(db)).toEqual([]);
    const cut = await failure(
      db.transaction(async (tx) => {
        await names(tx);
        link.cut();
        await names(tx);
      }),
    );
    expect(isTransientFault(cut)).toBe(true);
    link.heal();
    expect(await names(db)).toEqual([]);
  });

  it('a connection that breaks while nothing runs on it is told of, and replaced', async () => {
    const db = open({ maxConnections: 1 });
    const pid = await pidOf(db);
    await withClient(database.dsn, (client) => client.query('select pg_terminate_backend($1)', [pid]));
    await vi.waitFor(() => expect(errors.map(String).join()).toMatch(/terminat/), { timeout: 10_000 });
    expect(await pidOf(db)).not.toBe(pid);
  });

  it('fails in bounded time, and as something that passes, while PostgreSQL is away', async () => {
    const away = open({
      dsn: `postgres://u:p@127.0.0.1:${await freePort()}/none`,
      operationTimeoutMs: 1_000,
    });
    const silent = open({ operationTimeoutMs: 500 });
    link.stall();
    const startedAt = performance.now();
    for (const db of [away, silent]) {
      expect(isTransientFault(await failure(names(db)))).toBe(true);
      expect(isTransientFault(await failure(db.transaction((tx) => names(tx))))).toBe(true);
    }
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    link.heal();
    expect(await names(silent)).toEqual([]);
  });

  it('a wrong password is told as such, and passes not', async () => {
    const dsn = Object.assign(new URL(database.dsn), { password: 'wrong-password' }).href;
    const refused = await failure(names(open({ dsn })));
    expect([sqlState(refused)?.code, isTransientFault(refused)]).toEqual(['28P01', false]);
    expect(String((refused as Error).cause)).not.toContain('wrong-password');
  });

  it('more transactions than connections wait for each other', async () => {
    const db = open({ maxConnections: 3 });
    const pids = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        db.transaction(async (tx) => {
          await tx.insert(ships).values({ name: `ship ${index}` });
          return pidOf(tx);
        }),
      ),
    );
    expect(new Set(pids).size).toBeLessThanOrEqual(3);
    expect(await names(db)).toHaveLength(12);
  });

  it('leaves no connection behind when it is closed', async () => {
    const db = open();
    await Promise.all([pidOf(db), pidOf(db), pidOf(db)]);
    await Promise.all(opened.splice(0).map((postgres) => postgres.close()));
    await vi.waitFor(
      async () => {
        const { rows } = await withClient(database.dsn, (client) =>
          client.query(
            'select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
          ),
        );
        expect(rows).toEqual([]);
      },
      { timeout: 10_000 },
    );
  });
});

describe('through a WebSocket', () => {
  it('fails at once, and as something that passes, while the proxy is away', async () => {
    const websocketProxy = { host: '127.0.0.1', port: await freePort() };
    const options = {
      dsn: database.dsn,
      maxConnections: 1,
      maxIdleConnections: 0,
      operationTimeoutMs: 5_000,
    };
    const { db, close } = neonPostgres({ ...options, websocketProxy }, () => {});
    const refused = await db.execute(sql`select 1`).catch((error: unknown) => error);
    expect(isTransientFault(refused)).toBe(true);
    expect(String((refused as Error).cause)).toContain('Connection terminated: WebSocket failed');
    await close();
  });

  it('the local proxy passes nothing on to other machines', async () => {
    for (const address of [
      'example.com:5432',
      '10.0.0.1:5432',
      '127.0.0.1',
      'nonsense',
      '127.0.0.1.example.com:1',
    ]) {
      const socket = new WebSocket(`ws://${websocket.addr}/v1?address=${address}`);
      const { promise, resolve } = Promise.withResolvers<CloseEvent>();
      socket.addEventListener('close', resolve);
      expect((await promise).code).toBe(1008);
    }
  });
});
