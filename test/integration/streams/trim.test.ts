import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Redis } from '../../../lib/redis/client.ts';
import { retentionMs, trimStream } from '../../../lib/streams/trim.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';
import { connectRedis } from '../../support/stores/stream-consumer.ts';

let server: TestRedis;
let redis: Redis;
beforeAll(async () => {
  server = await createTestRedis();
  redis = await connectRedis(server);
});
afterAll(async () => {
  redis.disconnect();
  await server.drop();
});
beforeEach(async () => {
  await redis.flushdb();
});

const stream = 'stream';
const hour = 3_600_000;

/** So large that each entry has a node of the stream to itself. */
const filler = 'x'.repeat(5_000);
const add = (...ids: string[]) => Promise.all(ids.map((id) => redis.xadd(stream, id, 'filler', filler)));
const left = async () => (await redis.xrange(stream, '-', '+')).map(([id]) => id);

/** @param offsets of the stream's consumers. */
async function trim(offsets: (string | undefined)[], olderThanMs = 0): Promise<number> {
  const offsetKeys = offsets.map((_, index) => `offset:${index}`);
  for (const [index, offset] of offsets.entries()) {
    if (offset !== undefined) await redis.set(`offset:${index}`, offset);
  }
  return trimStream(redis, { stream, offsetKeys }, olderThanMs);
}

it('removes what lies before the offset, and keeps the entry at it', async () => {
  await add('1-0', '2-0', '2-1', '3-0');
  expect(await trim(['2-1'])).toBe(2);
  expect(await left()).toEqual(['2-1', '3-0']);
  expect(await trim(['2-1'])).toBe(0);
  expect(await trim(['3-0'])).toBe(1);
  expect(await left()).toEqual(['3-0']);
});

it('goes as far as the slowest of several consumers', async () => {
  await add('9-0', '10-0', '11-0', '12-0');
  expect(await trim(['12-0', '10-0', '11-0'])).toBe(1);
  expect(await left()).toEqual(['10-0', '11-0', '12-0']);
});

it.each([
  ['is missing', undefined],
  ['is no id', 'somewhere'],
  ['lies beyond the end of the stream', '9-0'],
  ['is at no entry of the stream', '2-5'],
])('removes nothing while an offset %s', async (_, offset) => {
  await add('1-0', '2-0', '3-0');
  expect(await trim(['3-0', offset])).toBe(0);
  expect(await left()).toEqual(['1-0', '2-0', '3-0']);
});

it('removes nothing from a stream that has lost entries before the offset was there', async () => {
  await add('5-0', '6-0');
  expect(await trim(['2-0'])).toBe(0);
  expect(await left()).toEqual(['5-0', '6-0']);
});

it('keeps what is young, by the clock of Redis, however far its consumers are', async () => {
  const [seconds] = await redis.time();
  const now = Number(seconds) * 1_000;
  const [old, young, newest] = [`${now - retentionMs - hour}-0`, `${now - retentionMs + hour}-0`, `${now}-0`];
  await add(old, young, newest);
  expect(retentionMs).toBe(24 * hour);
  expect(await trim([newest], retentionMs)).toBe(1);
  expect(await left()).toEqual([young, newest]);
});

it('removes any number of entries', async () => {
  await redis.eval(`for n = 1, 5000 do redis.call('XADD', KEYS[1], n .. '-0', 'a', '') end`, 1, stream);
  expect(await trim(['5000-0'])).toBeGreaterThan(4_800);
  expect((await left()).at(-1)).toBe('5000-0');
});

it('has nothing to do for a stream that does not exist', async () => {
  expect(await trim(['1-0'])).toBe(0);
  expect(await redis.exists(stream)).toBe(0);
});
