import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRedis, type Redis } from '../../../lib/redis/client.ts';
import { trimJobs } from '../../../lib/runtime-manager/jobs/consume-jobs.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';

const streams = { startJobs: 'start', stopJobs: 'stop', jobResults: 'results' };

let redis: TestRedis;
let connection: Redis;

beforeAll(async () => {
  redis = await createTestRedis();
  connection = await openRedis({ ...redis, addr: redis, operationTimeoutMs: 10_000 }, () => {});
});
afterAll(async () => {
  connection.disconnect();
  await redis.drop();
});

describe('the streams of jobs', () => {
  it('keep what is not done yet, and of what is done the last day', async () => {
    // Nodes of a stream go as a whole; they hold 100 entries.
    for (let number = 1; number <= 400; number++) {
      await connection.xadd('start', `1-${number}`, 'x', '');
      await connection.xadd('stop', `1-${number}`, 'x', '');
    }
    await connection.xadd('start', '*', 'x', '');
    const lengths = async () => [await connection.xlen('start'), await connection.xlen('stop')];
    await trimJobs(connection, streams);
    expect(await lengths()).toEqual([401, 400]);

    await connection.set('runtime_manager:stream_offsets:start_jobs', '1-400');
    await connection.set('runtime_manager:stream_offsets:stop_jobs', '1-150');
    await trimJobs(connection, streams);
    const [started = 0, stopped = 0] = await lengths();
    expect(started).toBeLessThanOrEqual(101);
    expect(started).toBeGreaterThanOrEqual(2);
    expect(stopped).toBeLessThanOrEqual(300);
    expect(stopped).toBeGreaterThanOrEqual(251);
    expect(await connection.xrange('stop', '1-150', '1-150')).toHaveLength(1);
  });
});
