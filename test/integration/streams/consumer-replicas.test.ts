// Several replicas of one consumer, and what becomes of them when PostgreSQL, where their lease is, fails them.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import * as tables from '../../../lib/lobby/store/schema.ts';
import { databaseOn } from '../../../lib/postgres/database.ts';
import { readConsumers } from '../../../lib/streams/store.ts';
import { startTcpProxy, type TcpProxy } from '../../support/network/tcp-proxy.ts';
import {
  connectPostgres,
  connectRedis,
  type Handle,
  openStreamStores,
  type Replica,
  type StreamStores,
  TestStream,
} from '../../support/stores/stream-consumer.ts';

// A replica that vanished is waited for.
vi.setConfig({ testTimeout: 120_000 });
const takenOver = { timeout: 15_000, interval: 10 };

let stores: StreamStores;
beforeAll(async () => {
  stores = await openStreamStores();
});
afterAll(async () => {
  await stores.close();
});

let stream: TestStream;
const cleanUp: (() => unknown)[] = [];
beforeEach(() => {
  stream = new TestStream(stores);
});
afterEach(async () => {
  for (const each of cleanUp.splice(0).toReversed()) await each();
});

function start(on: Parameters<TestStream['start']>[0] = {}): Replica {
  const replica = stream.start(on);
  cleanUp.push(replica.stop);
  return replica;
}

/** PostgreSQL by a way that a test can cut. */
async function startBehindProxy(handle?: Handle): Promise<{ replica: Replica; proxy: TcpProxy }> {
  const dsn = new URL(stores.database.dsn);
  const proxy = await startTcpProxy({ host: dsn.hostname, port: Number(dsn.port) });
  dsn.host = proxy.addr;
  const pool = connectPostgres(dsn.href);
  cleanUp.push(async () => {
    proxy.heal();
    await pool.end();
    await proxy.close();
  });
  return { replica: start({ db: databaseOn(pool), ...(handle && { handle }) }), proxy };
}

const effectsAre = (...expected: string[]) =>
  vi.waitFor(async () => expect(await stream.effects()).toEqual(expected), takenOver);
const offsetIs = (id: string | undefined) =>
  vi.waitFor(async () => expect(await stream.offset()).toBe(id), takenOver);
const told = ({ lines }: Replica, msg: string) => lines.filter((line) => line.msg === msg);
const works = (replica: Replica, times = 1) =>
  vi.waitFor(() => expect(told(replica, 'lease taken').length).toBe(times), takenOver);
const passed = 'the lease has passed to another process';

/** A handler that waits at some point. */
function waiting(at: 'before the effect' | 'inside the effect') {
  const reached = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  const wait = async () => {
    reached.resolve();
    await opened.promise;
  };
  const handle: Handle = async (said, delivery) => {
    if (at === 'before the effect') await wait();
    await delivery.apply(said.event_id, async (tx) => {
      await stream.write(tx, said);
      if (at === 'inside the effect') await wait();
    });
  };
  return { handle, reached: reached.promise, open: opened.resolve };
}

/** As another process would take the lease. @param seconds how long it holds it. */
const takeAway = (seconds: number) =>
  stores.pool.query(
    `update lobby.consumers set holder = gen_random_uuid(), held_until = now() + $2 * interval '1 s'
     where name = $1`,
    [stream.name, seconds],
  );

describe('of two replicas', () => {
  it('one works, and the other takes over when it has ended', async () => {
    const first = start();
    await works(first);
    const second = start();
    const [one] = await stream.add('a1');
    await offsetIs(one);
    expect(told(second, 'lease taken')).toEqual([]);
    await first.stop();
    await works(second);
    const [two] = await stream.add('a2');
    await offsetIs(two);
    expect(await stream.effects()).toEqual(['a1', 'a2']);
  });

  it('one takes over from the other that vanished in the middle of an effect, which then happens once', async () => {
    const stuck = waiting('inside the effect');
    const { replica: first, proxy } = await startBehindProxy(stuck.handle);
    await works(first);
    const second = start();
    const ids = await stream.add('a1', 'a2');
    await stuck.reached;
    // Nothing reaches PostgreSQL any more, not even the end of a connection.
    proxy.stall();
    await works(second);
    await effectsAre('a1', 'a2');
    await offsetIs(ids[1]);

    proxy.heal();
    stuck.open();
    await vi.waitFor(() => expect(told(first, passed).length).toBe(1), takenOver);
    const [third] = await stream.add('a3');
    await offsetIs(third);
    expect(await stream.effects()).toEqual(['a1', 'a2', 'a3']);
    await second.stop();
    await works(first, 2);
  });

  it('one takes over from the other that cannot reach Redis any more', async () => {
    const proxy = await startTcpProxy(stores.server);
    const [host = '', port] = proxy.addr.split(':');
    const redis = await connectRedis({ ...stores.server, host, port: Number(port) });
    cleanUp.push(proxy.close, () => redis.disconnect());
    const first = start({ redis });
    await works(first);
    const second = start();
    const [one] = await stream.add('a1');
    await offsetIs(one);
    proxy.cut();
    const [two] = await stream.add('a2');
    // Who has given it up may be the first to ask again, but not for ever.
    await vi.waitFor(() => expect(told(second, 'lease taken').length).toBe(1), { timeout: 35_000 });
    await offsetIs(two);
    expect(await stream.effects()).toEqual(['a1', 'a2']);
    expect(told(first, 'redis cannot be reached; the lease is given up').length).toBeGreaterThan(0);
  });

  it('the one that takes over waits for an effect that is under way', async () => {
    const busy = waiting('inside the effect');
    const first = start({ handle: busy.handle });
    await works(first);
    await stream.add('a1');
    await busy.reached;
    await takeAway(0);
    const second = start();
    await vi.waitFor(async () => {
      const { rows } = await stores.pool.query(
        `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      expect(rows.length).toBe(1);
    }, takenOver);
    expect(told(second, 'lease taken')).toEqual([]);
    busy.open();
    await works(second);
    expect(await stream.effects()).toEqual(['a1']);
    const [last] = await stream.add('a2');
    await offsetIs(last);
    expect(await stream.effects()).toEqual(['a1', 'a2']);
  });
});

it('transactions that run side by side share the lease by an advisory lock, and leave its row alone', async () => {
  const [one, two] = [waiting('inside the effect'), waiting('inside the effect')];
  start({ handle: (said, delivery) => (said.thing === 'a' ? one : two).handle(said, delivery) });
  await stream.add('a1', 'b1');
  await Promise.all([one.reached, two.reached]);
  const { rows: locks } = await stores.pool.query(
    `select mode from pg_locks where locktype = 'advisory' and granted
     and database = (select oid from pg_database where datname = current_database())`,
  );
  expect(locks).toEqual([{ mode: 'ShareLock' }, { mode: 'ShareLock' }]);
  const { rows: lockers } = await stores.pool.query(
    'select xmax::text as locker from lobby.consumers where name = $1',
    [stream.name],
  );
  expect(lockers).toEqual([{ locker: '0' }]);
  one.open();
  two.open();
  await vi.waitFor(async () => expect((await stream.effects()).toSorted()).toEqual(['a1', 'b1']), takenOver);
});

describe('a replica that has lost its lease', () => {
  it('has no effect any more, notices at once, and works again when it has the lease again', async () => {
    const late = waiting('before the effect');
    const replica = start({ handle: late.handle });
    await stream.add('a1');
    await late.reached;
    await takeAway(60);
    late.open();
    await vi.waitFor(() => expect(told(replica, passed).length).toBe(1), takenOver);
    expect(await stream.effects()).toEqual([]);
    expect(await stream.offset()).toBe(undefined);
    expect(told(replica, 'stream could not be consumed; trying again')).toEqual([]);
    const [record] = await readConsumers(stores.db, tables, [stream.name]);
    expect(record).toMatchObject({ held: true, lastError: null });

    await takeAway(0);
    await works(replica, 2);
    await effectsAre('a1');
  });

  it('notices although no entry comes', async () => {
    const replica = start();
    await works(replica);
    await takeAway(60);
    await vi.waitFor(() => expect(told(replica, passed).length).toBe(1), takenOver);
  });
});

describe('PostgreSQL', () => {
  it('ends all connections again and again: every entry takes effect, once and in order', async () => {
    start();
    const all = Array.from({ length: 30 }, (_, index) => [`a${index + 1}`, `b${index + 1}`]).flat();
    for (let from = 0; from < all.length; from += 12) {
      await stream.add(...all.slice(from, from + 12));
      await vi.waitFor(async () => {
        expect((await stream.effects()).length).toBeGreaterThan(from);
      }, takenOver);
      await stores.pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()`,
      );
    }
    const [last] = await stream.add('c1');
    await offsetIs(last);
    const effects = await stream.effects();
    expect(effects.toSorted()).toEqual([...all, 'c1'].toSorted());
    for (const key of ['a', 'b']) {
      const ofKey = effects.filter((text) => text.startsWith(key));
      expect(ofKey).toEqual(all.filter((text) => text.startsWith(key)));
    }
  });

  it('is out of reach for a while: nothing happens, in few lines, and then everything', async () => {
    const { replica, proxy } = await startBehindProxy();
    const [first] = await stream.add('a1');
    await offsetIs(first);
    proxy.cut();
    const [second] = await stream.add('a2');
    const failed = () => told(replica, 'stream could not be consumed; trying again');
    await vi.waitFor(() => expect(failed().length).toBe(3), takenOver);
    expect(await stream.effects()).toEqual(['a1']);
    expect(await stream.offset()).toBe(first);
    expect(replica.lines.length).toBeLessThan(15);
    proxy.heal();
    await effectsAre('a1', 'a2');
    await offsetIs(second);
  });

  it('is out of reach when a replica begins: it begins when PostgreSQL is back', async () => {
    const { replica, proxy } = await startBehindProxy();
    proxy.cut();
    await stream.add('a1');
    await vi.waitFor(
      () => expect(told(replica, 'the lease could not be taken; trying again').length).toBe(1),
      takenOver,
    );
    proxy.heal();
    await effectsAre('a1');
    expect(told(replica, 'the lease could not be taken; trying again').length).toBe(1);
  });
});
