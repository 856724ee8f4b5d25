// The Runtime Manager with real engines as processes: start and stop jobs.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openRedis, type Redis } from '../../../lib/redis/client.ts';
import {
  askGame,
  enginesIn,
  JobStreams,
  killEngines,
  newStartJob,
  runRuntimeManager,
  setupOf,
  stopOf,
} from '../../support/engines/runtime-manager.ts';
import type { RunningProcess } from '../../support/run/run-process.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';

let redis: TestRedis;
let connection: Redis;
let lobby: JobStreams;
let folder: string;
let manager: RunningProcess;

beforeAll(async () => {
  redis = await createTestRedis();
  connection = await openRedis({ ...redis, addr: redis, operationTimeoutMs: 10_000 }, () => {});
  lobby = new JobStreams(connection);
  folder = await mkdtemp(join(tmpdir(), 'galaxy-test-runtime-'));
  manager = runRuntimeManager(redis, folder, { GALAXY_ENGINE_TURNS: '3', TZ: 'UTC', SOMETHING_ELSE: 'x' });
});
afterEach(() => killEngines(folder));
afterAll(async () => {
  manager.child.kill('SIGTERM');
  const { exitCode, stderr } = await manager.ended;
  // Those that it has started again since.
  await killEngines(folder);
  connection.disconnect();
  await redis.drop();
  await rm(folder, { recursive: true, force: true });
  expect([exitCode, stderr]).toEqual([0, '']);
});

describe('a start job', () => {
  it('starts an engine that can be used, and a stop job ends it', async () => {
    const job = newStartJob();
    const result = await lobby.done(job);
    expect(result).toEqual({
      job_id: job.job_id,
      game_id: job.game_id,
      kind: 'start',
      outcome: 'success',
      container_id: `engine-${job.job_id}`,
      engine_endpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      finished_at_ms: expect.any(Number),
    });
    const { engine_endpoint } = result;
    expect(await askGame(engine_endpoint, 'PUT', setupOf(job))).toEqual([
      200,
      expect.objectContaining({ turn: 0 }),
    ]);
    expect(await enginesIn(folder)).toHaveLength(1);

    const stop = stopOf(job);
    expect(await lobby.done(stop)).toEqual({
      job_id: stop.job_id,
      game_id: job.game_id,
      kind: 'stop',
      outcome: 'success',
      finished_at_ms: expect.any(Number),
    });
    expect(await enginesIn(folder)).toEqual([]);
    await expect(fetch(`${engine_endpoint}/healthz`)).rejects.toThrow('fetch failed');
  });

  it('that comes again gets the same result, and starts nothing', async () => {
    const job = newStartJob();
    await Promise.all([lobby.ask(job), lobby.ask(job), lobby.ask(job)]);
    await vi.waitFor(async () => expect(await lobby.resultsOf(job.job_id)).toHaveLength(3), {
      timeout: 30_000,
    });
    await lobby.ask(job);
    await vi.waitFor(async () => expect(await lobby.resultsOf(job.job_id)).toHaveLength(4), {
      timeout: 30_000,
    });
    const results = await lobby.resultsOf(job.job_id);
    expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1);
    expect(await enginesIn(folder)).toHaveLength(1);

    const stop = stopOf(job);
    await lobby.done(stop);
    await lobby.ask(stop);
    await lobby.ask(job);
    await vi.waitFor(async () => expect(await lobby.resultsOf(job.job_id)).toHaveLength(5), {
      timeout: 30_000,
    });
    expect((await lobby.resultsOf(job.job_id)).at(-1)).toEqual(results[0]);
    await vi.waitFor(async () => expect(await lobby.resultsOf(stop.job_id)).toHaveLength(2), {
      timeout: 30_000,
    });
    expect(await enginesIn(folder)).toEqual([]);
  });

  it('gets an engine of its own, and its stop ends that one alone', async () => {
    const jobs = [newStartJob(), newStartJob(), newStartJob()] as const;
    const results = await Promise.all(jobs.map((job) => lobby.done(job)));
    expect(new Set(results.map((result) => result.engine_endpoint)).size).toBe(3);
    await lobby.done(stopOf(jobs[1]));
    const left = (await enginesIn(folder)).map(({ dataFolder }) => dataFolder.split('/').at(-2));
    expect(left.toSorted()).toEqual([jobs[0].job_id, jobs[2].job_id].toSorted());
  });

  it('hands its trace on to its result', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const job = newStartJob({ expires_at_ms: 0 });
    await lobby.ask(job, traceparent);
    await lobby.resultOf(job.job_id);
    expect((await lobby.resultsOf(job.job_id))[0]?.traceparent).toBe(traceparent);
  });

  it('gives its engine nothing of the environment but what engines need, and not the password of Redis', async () => {
    await lobby.done(newStartJob());
    const [engine] = await enginesIn(folder);
    const environment = await readFile(`/proc/${engine?.pid}/environ`, 'utf8');
    const names = environment.split('\0').flatMap((entry) => (entry === '' ? [] : [entry.split('=')[0]]));
    // A shell may add variables of its own.
    expect(names.filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name ?? '')).toSorted()).toEqual([
      'GALAXY_ENGINE_DATA_FOLDER',
      'GALAXY_ENGINE_HOST',
      'GALAXY_ENGINE_PORT',
      'GALAXY_ENGINE_TURNS',
      'GALAXY_ENGINE_VERSION',
      'PATH',
      'TZ',
    ]);
  });
});

describe('a start job is refused', () => {
  it.each([
    ['that has expired', { expires_at_ms: Date.now() - 1 }, 'expired', /^The start job expired at/],
    [
      'for an engine that is not offered',
      { engine_version: '../../sh' },
      'unknown_engine',
      /a-row \.\.\/\.\.\/sh\. Add/,
    ],
  ])('%s', async (_, more, error_code, error_message) => {
    expect(await lobby.done(newStartJob(more))).toMatchObject({
      outcome: 'failure',
      error_code,
      error_message: expect.stringMatching(error_message),
    });
    expect(await enginesIn(folder)).toEqual([]);
  });
});

describe('a stop job', () => {
  it('that comes before its start job has it refused', async () => {
    const job = newStartJob();
    expect(await lobby.done(stopOf(job))).toMatchObject({ kind: 'stop', outcome: 'success' });
    expect(await lobby.done(job)).toMatchObject({ kind: 'start', outcome: 'failure', error_code: 'stopped' });
    expect(await enginesIn(folder)).toEqual([]);
  });

  it('succeeds for an engine that has ended by itself', async () => {
    const job = newStartJob();
    await lobby.done(job);
    await killEngines(folder);
    await vi.waitFor(() => expect(manager.stdout()).toContain('"signal":"SIGKILL","msg":"engine ended"'), {
      timeout: 30_000,
    });
    expect(await lobby.done(stopOf(job))).toMatchObject({ outcome: 'success' });
  });
});

describe('a job that cannot be read', () => {
  it('fails where its ids are readable, is logged, and does not hold up the others', async () => {
    const [start, stop] = [newStartJob(), stopOf(newStartJob())];
    await lobby.write('start', { job_id: start.job_id, game_id: start.game_id, players: '[' });
    await lobby.write('start', { hello: 'world' });
    await lobby.write('stop', { job_id: stop.job_id, game_id: stop.game_id, reason: 'boredom' });
    for (const { job_id } of [start, stop]) {
      expect(await lobby.resultOf(job_id)).toMatchObject({
        kind: job_id === start.job_id ? 'start' : 'stop',
        outcome: 'failure',
        error_code: 'malformed_job',
        error_message: expect.stringMatching(
          job_id === start.job_id ? /engine_version is missing/ : /reason must be one of/,
        ),
      });
    }
    const next = newStartJob();
    expect(await lobby.done(next)).toMatchObject({ outcome: 'success' });
    expect(await lobby.done(stopOf(next))).toMatchObject({ outcome: 'success' });
    expect(manager.stdout().match(/a job cannot be read and is skipped/g)).toHaveLength(3);
  });
});
