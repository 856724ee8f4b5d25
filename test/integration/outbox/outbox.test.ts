import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { drizzle } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { outbox as table } from '../../../lib/backend/store/schema.ts';
import { Outbox, type Publish } from '../../../lib/outbox/outbox.ts';
import { RedisEpoch } from '../../../lib/outbox/redis-epoch.ts';
import { retentionMs, runRelay } from '../../../lib/outbox/relay.ts';
import {
  type Database,
  deletePublished,
  type Message,
  type NewMessage,
  type Round,
} from '../../../lib/outbox/store.ts';
import { createPool } from '../../../lib/postgres/pool.ts';
import { openRedis, type Redis } from '../../../lib/redis/client.ts';
import { backendTemplate } from '../../support/backend/backend.ts';
import { createTestDatabase, type TestDatabase } from '../../support/stores/database.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';

let database: TestDatabase;
let pool: pg.Pool;
let db: Database;
beforeAll(async () => {
  database = await createTestDatabase(backendTemplate);
  // The server ends a connection in one of the tests.
  pool = createPool(
    { dsn: database.dsn, maxConnections: 10, maxIdleConnections: 0, operationTimeoutMs: 5_000 },
    () => {},
  );
  db = drizzle({ client: pool });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

/** What was accepted, in order: `key:number`. */
let published: string[];
beforeEach(async () => {
  published = [];
  await pool.query('truncate backend.outbox');
});

const accept: Publish = async (message) => {
  published.push(textOf(message));
};

const silent = pino({ level: 'silent' });
const never = new AbortController().signal;

/** One of the processes that publish. */
const publisher = (said: Publish = accept) => new Outbox({ db, table, publishers: { said }, log: silent });

const textOf = ({ orderingKey, payload }: Message) => `${orderingKey}:${payload.number}`;

const message = (orderingKey: string, number: number, kind = 'said'): NewMessage => ({
  kind,
  orderingKey,
  payload: { number },
  traceparent: undefined,
});

const write = (...messages: NewMessage[]) => db.transaction((tx) => publisher().write(tx, messages));

const waiting = async () =>
  (await pool.query('select * from backend.outbox where published_at is null order by position')).rows;

/**
 * Lets everything be tried now that waits for its pause after a failure. The column has milliseconds: the very moment
 * might be rounded to one that is still to come.
 */
const endPauses = () => pool.query(`update backend.outbox set next_attempt_at = now() - interval '1 second'`);

/** The numbers of a key, each at its first publication. */
function firstsOf(key: string): number[] {
  const numbers = published.filter((text) => text.startsWith(`${key}:`)).map((text) => text.split(':')[1]);
  return [...new Set(numbers)].map(Number);
}

describe('a message', () => {
  it('is published right after its transaction was committed, once', async () => {
    await write(message('ada', 1), message('ada', 2), message('bob', 1));
    const outbox = publisher();
    outbox.publishSoon(['ada', 'bob']);
    await outbox.settled();
    expect(published.toSorted()).toEqual(['ada:1', 'ada:2', 'bob:1']);
    expect(await waiting()).toEqual([]);
    outbox.publishSoon(['ada', 'bob']);
    await outbox.publishDue(never);
    await outbox.settled();
    expect(published.length).toBe(3);
  });

  it('comes after all that were written before it under its key, however many they are', async () => {
    const numbers = Array.from({ length: 23 }, (_, index) => index + 1);
    await write(...numbers.flatMap((number) => [message('ada', number), message('bob', number)]));
    const outbox = publisher();
    outbox.publishSoon(['ada', 'bob']);
    await outbox.settled();
    for (const key of ['ada', 'bob']) {
      expect(published.filter((text) => text.startsWith(key))).toEqual(
        numbers.map((number) => `${key}:${number}`),
      );
    }
    expect(await waiting()).toEqual([]);
  });

  it('does not exist when its transaction is rolled back', async () => {
    const outbox = publisher();
    await expect(
      db.transaction(async (tx) => {
        await outbox.write(tx, [message('ada', 1)]);
        throw new Error('changed my mind');
      }),
    ).rejects.toThrow('changed my mind');
    outbox.publishSoon(['ada']);
    await outbox.settled();
    await outbox.publishDue(never);
    expect(published).toEqual([]);
  });

  it('keeps what it says and the trace of its cause', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const seen: Message[] = [];
    await write({ kind: 'said', orderingKey: 'ada', payload: { text: 'Обмен', list: [1] }, traceparent });
    await publisher(async (given) => {
      seen.push(given);
    }).publishDue(never);
    expect(seen).toEqual([
      {
        position: expect.any(Number),
        kind: 'said',
        orderingKey: 'ada',
        payload: { text: 'Обмен', list: [1] },
        traceparent,
        failures: 0,
      },
    ]);
  });

  it('of a kind that this process does not know waits, with what follows under its key, and counts no failure', async () => {
    await write(message('ada', 1, 'of tomorrow'), message('ada', 2), message('bob', 1));
    await publisher().publishDue(never);
    expect(published).toEqual(['bob:1']);
    expect((await waiting()).map(({ kind, failures }) => [kind, failures])).toEqual([
      ['of tomorrow', 0],
      ['said', 0],
    ]);
    await new Outbox({
      db,
      table,
      publishers: { said: accept, 'of tomorrow': accept },
      log: silent,
    }).publishDue(never);
    expect(firstsOf('ada')).toEqual([1, 2]);
  });

  it('of an unknown kind holds back what follows it, and not what was written before it', async () => {
    await write(message('ada', 1), message('ada', 2, 'of tomorrow'), message('ada', 3));
    await publisher().publishDue(never);
    expect(published).toEqual(['ada:1']);
    expect((await waiting()).map(({ payload, failures }) => [payload.number, failures])).toEqual([
      [2, 0],
      [3, 0],
    ]);
  });
});

describe('a message that cannot be published', () => {
  it('lets those before it go, and none that follows it', async () => {
    await write(message('ada', 1), message('ada', 2), message('ada', 3), message('bob', 1));
    await publisher(async (given) => {
      if (textOf(given) === 'ada:2') throw new Error('nobody listens');
      await accept(given);
    }).publishDue(never);
    expect(published.toSorted()).toEqual(['ada:1', 'bob:1']);
    expect((await waiting()).map(({ payload, failures }) => [payload.number, failures])).toEqual([
      [2, 1],
      [3, 0],
    ]);
  });

  it('waits, holds back its key and no other, and comes first once it can be', async () => {
    await write(message('ada', 1), message('ada', 2), message('bob', 1));
    const failing = publisher(async (given) => {
      if (given.orderingKey === 'ada') throw new Error('nobody listens');
      await accept(given);
    });
    await failing.publishDue(never);
    await failing.publishDue(never);
    expect(published).toEqual(['bob:1']);
    const [first, second] = await waiting();
    expect([first.failures, second.failures]).toEqual([1, 0]);
    expect(first.next_attempt_at.getTime()).toBeGreaterThan(first.created_at.getTime());

    await publisher().publishDue(never);
    expect(published).toEqual(['bob:1']);
    await endPauses();
    await publisher().publishDue(never);
    expect(published).toEqual(['bob:1', 'ada:1', 'ada:2']);
  });

  it('is tried again, before its pause is over, when more is written under its key', async () => {
    await write(message('ada', 1));
    await publisher(() => Promise.reject(new Error('away'))).publishDue(never);
    await write(message('ada', 2));
    const outbox = publisher();
    outbox.publishSoon(['ada']);
    await outbox.settled();
    expect(published).toEqual(['ada:1', 'ada:2']);
  });

  it('is tried at pauses that grow to five seconds', async () => {
    await write(message('ada', 1));
    const failing = publisher(() => Promise.reject(new Error('away')));
    const pauses: number[] = [];
    for (let attempt = 0; attempt < 6; attempt += 1) {
      await endPauses();
      await failing.publishDue(never);
      const { rows } = await pool.query(
        `select extract(epoch from next_attempt_at - now()) as pause from backend.outbox`,
      );
      pauses.push(Number(rows[0].pause));
    }
    [0.5, 1, 2, 4, 5, 5].forEach((expected, attempt) => {
      // The time of the next attempt is stored in milliseconds, rounded.
      expect(pauses[attempt]).toBeLessThanOrEqual(expected + 0.0005);
      expect(pauses[attempt]).toBeGreaterThan(expected - 0.4);
    });
  });
});

describe('several processes', () => {
  it('publish every message, each key in its order, whoever fails in between', async () => {
    const keys = Array.from({ length: 5 }, () => randomUUID());
    const perKey = 12;
    const unsteady: Publish = async (given) => {
      await delay(Math.random() * 4);
      if (Math.random() < 0.2) throw new Error('away');
      await accept(given);
      // Accepted, but whoever published it does not hear so.
      if (Math.random() < 0.1) throw new Error('no answer');
    };
    const processes = Array.from({ length: 4 }, () => publisher(unsteady));
    for (let number = 1; number <= perKey; number += 1) {
      for (const [index, key] of keys.entries()) {
        await write(message(key, number));
        processes[(number + index) % processes.length]?.publishSoon([key]);
      }
    }
    await vi.waitFor(
      async () => {
        await endPauses();
        await Promise.all(processes.map((each) => each.publishDue(never)));
        expect(await waiting()).toEqual([]);
      },
      { timeout: 15_000, interval: 5 },
    );
    await Promise.all(processes.map((each) => each.settled()));
    const all = Array.from({ length: perKey }, (_, index) => index + 1);
    for (const key of keys) expect(firstsOf(key)).toEqual(all);
  });

  it('publish a message at once that was committed while another held its key', async () => {
    const accepted = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const slow = publisher(async (given) => {
      begun.resolve();
      await accepted.promise;
      await accept(given);
    });
    await write(message('ada', 1));
    slow.publishSoon(['ada']);
    await begun.promise;

    await write(message('ada', 2));
    const writer = publisher();
    writer.publishSoon(['ada']);
    await writer.settled();
    expect(published).toEqual([]);
    accepted.resolve();
    await slow.settled();
    expect(published).toEqual(['ada:1', 'ada:2']);
  });

  it('repeat what one that died may have published, and go on from there', async () => {
    const begun = Promise.withResolvers<void>();
    const hanging = Promise.withResolvers<void>();
    const dead = publisher(async (given) => {
      await accept(given);
      begun.resolve();
      await hanging.promise;
    });
    await write(message('ada', 1), message('ada', 2));
    dead.publishSoon(['ada']);
    await begun.promise;
    const other = publisher();
    await other.publishDue(never);
    expect(published).toEqual(['ada:1']);

    // What happens to the connections of a process that is killed.
    await pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and state = 'idle in transaction'`,
    );
    await vi.waitFor(
      async () => {
        await other.publishDue(never);
        expect(published).toEqual(['ada:1', 'ada:1', 'ada:2']);
      },
      { timeout: 10_000 },
    );
    hanging.resolve();
    await dead.settled();
    await other.publishDue(never);
    expect(published).toEqual(['ada:1', 'ada:1', 'ada:2']);
  });
});

describe('what was published', () => {
  it('can be published again, in the same order, before what came since', async () => {
    await write(message('ada', 1), message('ada', 2), message('bob', 1));
    const outbox = publisher();
    await outbox.publishDue(never);
    published = [];
    await write(message('ada', 3));
    expect(await outbox.publishAgain()).toBe(3);
    await outbox.publishDue(never);
    expect(firstsOf('ada')).toEqual([1, 2, 3]);
    expect(firstsOf('bob')).toEqual([1]);
    expect(published.length).toBe(4);
  });

  it('is repeated once by a round that is interrupted and continued, though more is published meanwhile', async () => {
    await pool.query(
      `insert into backend.outbox (kind, ordering_key, payload, published_at)
       select 'said', 'k' || n, '{"number": 1}', now() - interval '1 hour' from generate_series(1, 12000) n`,
    );
    const rounds: Round[] = [];
    const interrupted = publisher().publishAgain(undefined, async (round) => {
      rounds.push(round);
      if (rounds.length === 2) throw new Error('Redis went away');
    });
    await expect(interrupted).rejects.toThrow('Redis went away');
    expect((await waiting()).length).toBe(5_000);
    await pool.query(`update backend.outbox set published_at = now() where published_at is null`);
    await write(message('ada', 1));

    expect(await publisher().publishAgain(rounds[1])).toBe(7_000);
    const keys = (await waiting()).map(({ ordering_key }) => ordering_key);
    expect(keys.length).toBe(7_001);
    expect(keys.slice(0, 1).concat(keys.slice(-2))).toEqual(['k5001', 'k12000', 'ada']);
    // A round that was not recorded after its last range repeats no more than what was not published since it began.
    await pool.query(`update backend.outbox set published_at = now() where published_at is null`);
    expect(await publisher().publishAgain(rounds[0])).toBe(0);
  });

  it('is deleted seven days later, and what waits never is', async () => {
    await write(message('old', 1), message('young', 1));
    await publisher().publishDue(never);
    await write(message('late', 1));
    const age = (key: string, ms: number) =>
      pool.query(
        `update backend.outbox set created_at = now() - $2 * interval '1 ms',
           published_at = case when published_at is null then null else now() - $2 * interval '1 ms' end
         where ordering_key = $1`,
        [key, ms],
      );
    await age('old', retentionMs + 1_000);
    await age('young', retentionMs - 60_000);
    await age('late', 2 * retentionMs);
    expect(retentionMs).toBe(7 * 24 * 60 * 60 * 1_000);
    expect(await deletePublished(db, table, { afterMs: retentionMs, limit: 100 })).toBe(1);
    const { rows } = await pool.query('select ordering_key from backend.outbox order by 1');
    expect(rows.map((row) => row.ordering_key)).toEqual(['late', 'young']);
  });
});

it('the age of the oldest waiting message is told, and nothing when none waits', async () => {
  const outbox = publisher();
  expect(await outbox.oldestWaitingMs()).toBeUndefined();
  await write(message('ada', 1));
  await pool.query(
    `update backend.outbox set created_at = date_trunc('milliseconds', now() - interval '1 minute')`,
  );
  await write(message('bob', 1));
  expect(await outbox.oldestWaitingMs()).toBeGreaterThanOrEqual(60_000);
  expect(await outbox.oldestWaitingMs()).toBeLessThan(90_000);
});

describe('the relay', () => {
  let server: TestRedis;
  let redis: Redis;
  beforeAll(async () => {
    server = await createTestRedis();
    const addr = { host: server.host, port: server.port };
    redis = await openRedis(
      { addr, password: server.password, db: server.db, operationTimeoutMs: 5_000 },
      () => {},
    );
  });
  beforeEach(async () => {
    await redis.flushdb();
  });
  afterAll(async () => {
    redis.disconnect();
    await server.drop();
  });

  /** Runs a relay while `work` goes on. */
  async function relaying(work: () => Promise<void>): Promise<void> {
    const stop = new AbortController();
    const running = runRelay(
      {
        outbox: publisher(),
        db,
        table,
        redisEpoch: new RedisEpoch(redis, 'test:epoch'),
        intervalMs: 20,
        lossCheckIntervalMs: 20,
        log: silent,
      },
      stop.signal,
    );
    try {
      await work();
    } finally {
      stop.abort();
      await running;
    }
  }

  it('publishes what nobody else did, also what is written while it runs', async () => {
    await new RedisEpoch(redis, 'test:epoch').begin();
    await write(message('ada', 1));
    await relaying(async () => {
      await vi.waitFor(() => expect(published).toEqual(['ada:1']), { timeout: 10_000 });
      await write(message('ada', 2));
      await vi.waitFor(() => expect(published).toEqual(['ada:1', 'ada:2']), { timeout: 10_000 });
    });
  });

  it('publishes everything that is kept once more when Redis has lost what it held, and only then', async () => {
    await write(message('ada', 1), message('ada', 2));
    await relaying(async () => {
      await vi.waitFor(
        async () => {
          expect(await redis.exists('test:epoch')).toBe(1);
          expect(firstsOf('ada')).toEqual([1, 2]);
          expect(await waiting()).toEqual([]);
        },
        { timeout: 10_000 },
      );
    });
    const before = published.length;
    await relaying(async () => {
      await write(message('bob', 1));
      await vi.waitFor(() => expect(published).toContain('bob:1'), { timeout: 10_000 });
      expect(published.length).toBe(before + 1);

      published = [];
      await redis.flushdb();
      await vi.waitFor(() => expect([firstsOf('ada'), firstsOf('bob')]).toEqual([[1, 2], [1]]), {
        timeout: 10_000,
      });
      expect(await redis.exists('test:epoch')).toBe(1);
    });
  });

  it('continues the round of a relay that was interrupted', async () => {
    await write(message('ada', 1), message('ada', 2));
    await publisher().publishDue(never);
    const { rows } = await pool.query('select min(position)::int as first from backend.outbox');
    const first: number = rows[0].first;
    const epoch = new RedisEpoch(redis, 'test:epoch');
    await epoch.saveRound({
      publishedBefore: new Date(Date.now() + 60_000),
      position: first,
      upTo: first + 1,
    });
    published = [];
    await relaying(async () => {
      await vi.waitFor(async () => expect(await redis.exists('test:epoch')).toBe(1), { timeout: 10_000 });
      await vi.waitFor(() => expect(published).toEqual(['ada:2']), { timeout: 10_000 });
    });
    expect(await epoch.interruptedRound()).toBe(undefined);
  });

  it('publishes it once more, too, when other data have taken the place of those that it knew', async () => {
    const epoch = new RedisEpoch(redis, 'test:epoch');
    expect(await epoch.hasChanged()).toBe(true);
    await epoch.begin();
    expect(await epoch.hasChanged()).toBe(false);
    await redis.set('test:epoch', 'another');
    expect(await epoch.hasChanged()).toBe(true);
    await epoch.begin();
    expect(await epoch.hasChanged()).toBe(false);
    expect(await new RedisEpoch(redis, 'test:epoch').hasChanged()).toBe(false);
  });
});
