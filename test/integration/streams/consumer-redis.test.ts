// What a consumer does about Redis: offsets that are missing or do not fit, streams that were cut, and a Redis that is
// restarted, emptied or out of reach.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startRedis } from '../../../infra/local/redis.ts';
import type { Redis } from '../../../lib/redis/client.ts';
import { startTcpProxy, type TcpProxy } from '../../support/network/tcp-proxy.ts';
import {
  connectRedis,
  openStreamStores,
  type Replica,
  type StreamStores,
  TestStream,
} from '../../support/stores/stream-consumer.ts';

const patience = { timeout: 15_000, interval: 10 };

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

const effectsAre = (...expected: string[]) =>
  vi.waitFor(async () => expect(await stream.effects()).toEqual(expected), patience);
const offsetIs = (id: string | undefined) =>
  vi.waitFor(async () => expect(await stream.offset()).toBe(id), patience);
const told = ({ lines }: Replica, msg: string) => lines.filter((line) => line.msg === msg);

const invalidOffset = 'the offset belongs to an earlier stream; beginning at the start of this one';
const lost = 'entries of the stream were lost before they were handled';

/** An entry at a place in the stream that a test chooses. */
const addAt = (id: string, text: string) =>
  stream.addFields(
    ['event_id', `${stream.name}:${text}`, 'thing', text.slice(0, 1), 'number', text.slice(1)],
    id,
  );

describe('an offset', () => {
  it('that is missing means from the beginning', async () => {
    const [, last] = await stream.add('a1', 'a2');
    start();
    await effectsAre('a1', 'a2');
    await offsetIs(last);
  });

  it('that is kept means from there on', async () => {
    const [first] = await stream.add('a1');
    await stores.redis.set(stream.consumed.offsetKey, String(first));
    await stream.add('a2');
    start();
    await effectsAre('a2');
  });

  it('that is no id at all means from the beginning, and is replaced', async () => {
    await stores.redis.set(stream.consumed.offsetKey, 'somewhere');
    const [last] = await stream.add('a1');
    start();
    await effectsAre('a1');
    await offsetIs(last);
  });

  it.each([
    ['beyond the end of the stream', '900-0'],
    ['between two entries of the stream, at none', '250-0'],
  ])('%s is another stream’s, and means from the beginning', async (_, offset) => {
    await addAt('200-0', 'a1');
    await addAt('300-0', 'a2');
    await stores.redis.set(stream.consumed.offsetKey, offset);
    const replica = start();
    await effectsAre('a1', 'a2');
    await offsetIs('300-0');
    expect(told(replica, invalidOffset)).toEqual([expect.objectContaining({ level: 'warn', offset })]);
    expect(told(replica, lost)).toEqual([]);
  });

  it('of a stream that does not exist any more means from the beginning of the next one', async () => {
    await stores.redis.set(stream.consumed.offsetKey, '900-0');
    const replica = start();
    await offsetIs(undefined);
    expect(told(replica, invalidOffset).length).toBe(1);
    await addAt('100-0', 'a1');
    await effectsAre('a1');
    await offsetIs('100-0');
  });

  it.each([
    ['the first entry', ['300-0', '400-0'], ['a1', 'a2']],
    ['all that there ever was', [], []],
  ])('before %s means a loss: told loudly and once, and passed over', async (_, ids, expected) => {
    await addAt('100-0', 'x1');
    await addAt('200-0', 'x2');
    await stores.redis.set(stream.consumed.offsetKey, '100-0');
    for (const [index, id] of ids.entries()) await addAt(id, `a${index + 1}`);
    await stores.redis.xtrim(stream.consumed.stream, 'MAXLEN', ids.length);

    const replica = start({ blockMs: 20 });
    await vi.waitFor(() => expect(told(replica, lost).length).toBe(1), patience);
    expect(told(replica, lost)).toEqual([expect.objectContaining({ level: 'error', offset: '100-0' })]);
    await effectsAre(...expected);
    // Some silent reads later.
    const [last] = await stream.add('a3');
    await offsetIs(last);
    expect(await stream.effects()).toEqual([...expected, 'a3']);
    expect(told(replica, lost).length).toBe(1);
  });

  it('is told of a second loss, too', async () => {
    const replica = start({ blockMs: 20 });
    for (const number of [1, 2]) {
      const [id] = await stream.add(`a${number}`);
      await offsetIs(id);
      // At once, so that the consumer cannot have it.
      await stores.redis
        .multi()
        .xadd(stream.consumed.stream, '*', 'lost', '')
        .xtrim(stream.consumed.stream, 'MAXLEN', 0)
        .exec();
      await vi.waitFor(() => expect(told(replica, lost).length).toBe(number), patience);
    }
  });
});

describe('Redis is emptied', () => {
  it('while the consumer waits: what comes afterwards is handled, and the offset kept again', async () => {
    const [first] = await stream.add('a1');
    const replica = start();
    await offsetIs(first);
    await stores.redis.flushdb();
    const [second] = await stream.add('a2');
    await effectsAre('a1', 'a2');
    await offsetIs(second);
    // What producers publish again.
    await stream.add('a1', 'a2', 'a3');
    await effectsAre('a1', 'a2', 'a3');
    expect(told(replica, 'stream could not be consumed; trying again')).toEqual([]);
  });

  it('and its clock is behind: no entry is left out that lies before those that were read', async () => {
    const opened = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    stream.handle = async (said, delivery) => {
      if (said.number === 2) {
        begun.resolve();
        await opened.promise;
      }
      await stream.apply(said, delivery);
    };
    await addAt('1000-0', 'a1');
    await addAt('2000-0', 'a2');
    start({ blockMs: 600_000 });
    await begun.promise;
    // The offset that the consumer has in mind lies in the middle of what the stream holds now.
    await stores.redis.flushdb();
    await addAt('1500-0', 'a3');
    await addAt('2500-0', 'a4');
    opened.resolve();
    await vi.waitFor(async () => {
      expect((await stream.effects()).toSorted()).toEqual(['a1', 'a2', 'a3', 'a4']);
    }, patience);
    await offsetIs('2500-0');
  });
});

describe('Redis', () => {
  let proxy: TcpProxy;
  let errors: Error[];
  let redis: Redis;
  beforeEach(async () => {
    proxy = await startTcpProxy(stores.server);
    const [host = '', port] = proxy.addr.split(':');
    errors = [];
    redis = await connectRedis({ ...stores.server, host, port: Number(port) }, (error) => errors.push(error));
    cleanUp.push(proxy.close, () => redis.disconnect());
  });

  it('is out of reach for a while: the consumer goes on where it was, and told of it in few lines', async () => {
    const replica = start({ redis });
    const [first] = await stream.add('a1');
    await offsetIs(first);
    proxy.cut();
    await stream.add('a2');
    // The service's own connection is made again at pauses that grow to two seconds.
    await vi.waitFor(() => expect(errors.length).toBeGreaterThan(5), patience);
    expect(await stream.effects()).toEqual(['a1']);
    expect(told(replica, 'stream could not be consumed; trying again').length).toBeLessThanOrEqual(3);
    expect(replica.lines.length).toBeLessThan(10);

    proxy.heal();
    await effectsAre('a1', 'a2');
    const [third] = await stream.add('a3');
    await effectsAre('a1', 'a2', 'a3');
    await offsetIs(third);
  });

  it('does not answer: the consumer notices, and goes on once it does', async () => {
    const replica = start({ redis });
    const [first] = await stream.add('a1');
    await offsetIs(first);
    proxy.stall();
    await stream.add('a2');
    await vi.waitFor(
      () => expect(told(replica, 'stream could not be consumed; trying again').length).toBeGreaterThan(0),
      patience,
    );
    proxy.heal();
    await effectsAre('a1', 'a2');
  });

  it('goes away after an effect, before the offset is kept: the effect does not happen twice', async () => {
    stream.handle = async (said, delivery) => {
      await stream.apply(said, delivery);
      if (said.number === 2) proxy.cut();
    };
    const [first, second] = await stream.add('a1', 'a2');
    const replica = start({ redis });
    await effectsAre('a1', 'a2');
    await vi.waitFor(
      () => expect(told(replica, 'stream could not be consumed; trying again').length).toBeGreaterThan(0),
      patience,
    );
    expect([undefined, first]).toContain(await stream.offset());
    stream.handle = stream.apply;
    proxy.heal();
    await offsetIs(second);
    expect(await stream.effects()).toEqual(['a1', 'a2']);
  });

  it('is out of reach when a consumer begins: it begins as soon as Redis is back', async () => {
    proxy.cut();
    await vi.waitFor(() => expect(errors.length).toBeGreaterThan(0), patience);
    const replica = start({ redis });
    await stream.add('a1');
    await vi.waitFor(() => expect(told(replica, 'lease taken').length).toBe(1), patience);
    proxy.heal();
    await effectsAre('a1');
  });

  it('is out of reach when a consumer is told to stop: it stops', async () => {
    const replica = start({ redis });
    const [first] = await stream.add('a1');
    await offsetIs(first);
    proxy.cut();
    await vi.waitFor(
      () => expect(told(replica, 'stream could not be consumed; trying again').length).toBeGreaterThan(0),
      patience,
    );
    await replica.stop();
  });

  it('is restarted, with and without what it held: the consumer goes on', async () => {
    const dataFolder = await mkdtemp(join(tmpdir(), 'galaxy-test-restarted-'));
    cleanUp.push(() => rm(dataFolder, { recursive: true, force: true }));
    const options = { dataFolder, password: 'secret' };
    let server = await startRedis({ ...options, port: 0 });
    cleanUp.push(() => server.stop());
    const place = { host: '127.0.0.1', port: server.port, password: 'secret', db: 0 };
    const own = await connectRedis(place);
    cleanUp.push(() => own.disconnect());
    stream = new TestStream({ ...stores, redis: own });
    start({ redis: own });
    const [first] = await stream.add('a1');
    await offsetIs(first);

    for (const [durable, number] of [
      [true, 2],
      [false, 3],
    ] as const) {
      await server.stop();
      server = await startRedis({ ...options, port: server.port, durable });
      await vi.waitFor(() => expect(own.status).toBe('ready'), patience);
      const [id] = await stream.add(`a${number}`);
      await effectsAre(...['a1', 'a2', 'a3'].slice(0, number));
      await offsetIs(id);
    }
  });
});
