import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { withClient } from '../../infra/local/postgres.ts';
import { databaseOn } from '../../lib/postgres/database.ts';
import { createPool } from '../../lib/postgres/pool.ts';
import { startTcpProxy } from '../support/network/tcp-proxy.ts';
import { createTestDatabase, type TestDatabase } from '../support/stores/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

it('a transaction whose process has vanished is ended by the server, with its locks', async () => {
  const pool = createPool(
    { dsn: database.dsn, maxConnections: 2, maxIdleConnections: 0, operationTimeoutMs: 1_000 },
    () => {},
  );
  try {
    const vanished = await pool.connect();
    await vanished.query('begin');
    await vanished.query('select pg_advisory_xact_lock(7)');
    await vi.waitFor(
      async () => {
        const { rows } = await pool.query('select pg_try_advisory_lock(7) as free');
        expect(rows).toEqual([{ free: true }]);
      },
      { timeout: 10_000 },
    );
    vanished.release(true);
  } finally {
    await pool.end();
  }
});

it('a connection that breaks while a transaction waits for something else is reported, and replaced', async () => {
  const errors: Error[] = [];
  const pool = createPool(
    { dsn: database.dsn, maxConnections: 2, maxIdleConnections: 0, operationTimeoutMs: 5_000 },
    (error) => errors.push(error),
  );
  try {
    const waiting = await pool.connect();
    const { rows } = await waiting.query('select pg_backend_pid() as pid');
    await pool.query('select pg_terminate_backend($1)', [rows[0].pid]);
    await vi.waitFor(() => expect(String(errors[0])).toContain('terminating connection'), {
      timeout: 10_000,
    });
    await expect(waiting.query('select 1')).rejects.toThrow();
    waiting.release();
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  } finally {
    await pool.end();
  }
});

it('keeps no more connections than it may while nothing needs them', async () => {
  const pool = createPool(
    { dsn: database.dsn, maxConnections: 6, maxIdleConnections: 2, operationTimeoutMs: 5_000 },
    () => {},
  );
  const open = async (): Promise<number[]> => {
    const { rows } = await withClient(database.dsn, (client) =>
      client.query(
        'select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
      ),
    );
    return rows.map(({ pid }) => pid);
  };
  try {
    await Promise.all(Array.from({ length: 6 }, () => pool.query('select pg_sleep(0.2)')));
    const atWork = await open();
    expect(atWork).toHaveLength(6);
    const kept = await vi.waitFor(
      async () => {
        const pids = await open();
        expect(pids).toHaveLength(2);
        return pids;
      },
      { timeout: 15_000, interval: 200 },
    );
    // The very ones, not new ones.
    expect(atWork).toEqual(expect.arrayContaining(kept));
    const { rows } = await pool.query('select pg_backend_pid() as pid');
    expect(kept).toContain(rows[0].pid);
  } finally {
    await pool.end();
  }
});

describe('a transaction', () => {
  it('that cannot begin, or not end, keeps no connection from others', async () => {
    const { hostname, port } = new URL(database.dsn);
    const proxy = await startTcpProxy({ host: hostname, port: Number(port) });
    const dsn = new URL(database.dsn);
    dsn.host = proxy.addr;
    const pool = createPool(
      { dsn: dsn.href, maxConnections: 1, maxIdleConnections: 0, operationTimeoutMs: 1_000 },
      () => {},
    );
    const db = databaseOn(pool);
    const one = () => db.transaction(async (tx) => (await tx.execute('select 1 as one')).rows);
    try {
      expect(await one()).toEqual([{ one: 1 }]);
      proxy.stall();
      await expect(one()).rejects.toThrow('begin');
      proxy.heal();
      await expect(db.transaction(async () => proxy.stall())).rejects.toThrow('rollback');
      proxy.heal();
      expect(await one()).toEqual([{ one: 1 }]);
    } finally {
      await pool.end();
      await proxy.close();
    }
  });

  it('fails with what failed first, also when the connection is lost with it', async () => {
    const pool = createPool(
      { dsn: database.dsn, maxConnections: 2, maxIdleConnections: 0, operationTimeoutMs: 5_000 },
      () => {},
    );
    const db = databaseOn(pool);
    try {
      const lost = db.transaction(async (tx) => {
        await tx.execute('select pg_terminate_backend(pg_backend_pid())');
      });
      await expect(lost).rejects.toMatchObject({ cause: { code: '57P01' } });
      const refused = db.transaction(async (tx) => {
        await tx.execute('select 1');
        throw new Error('changed my mind');
      });
      await expect(refused).rejects.toThrow('changed my mind');
    } finally {
      await pool.end();
    }
  });
});

it('replaces a connection that has lived long enough', async () => {
  const pool = createPool(
    {
      dsn: database.dsn,
      maxConnections: 1,
      maxIdleConnections: 1,
      operationTimeoutMs: 5_000,
      connectionMaxLifetimeMs: 1_000,
    },
    () => {},
  );
  const pid = async () => (await pool.query('select pg_backend_pid() as pid')).rows[0].pid;
  try {
    const first = await pid();
    await vi.waitFor(async () => expect(await pid()).not.toBe(first), { timeout: 10_000 });
  } finally {
    await pool.end();
  }
});
