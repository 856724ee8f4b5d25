// The Runtime Manager and its engines when processes die: wherever it is killed, a job gets one engine and one result.
import { randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { processIdentity } from '../../lib/node/process-groups.ts';
import type { StartJob } from '../../lib/protocol/runtime-jobs.ts';
import { openRedis, type Redis } from '../../lib/redis/client.ts';
import { isFree } from '../../lib/runtime-manager/drivers/ports.ts';
import { program } from '../support/engines/catalogue.ts';
import {
  askGame,
  enginesIn,
  expectNoEngines,
  JobStreams,
  killEngines,
  newStartJob,
  runRuntimeManager,
  setupOf,
  stopOf,
  untilEngines,
} from '../support/engines/runtime-manager.ts';
import type { RunningProcess } from '../support/run/run-process.ts';
import { createTestRedis, type TestRedis } from '../support/stores/redis.ts';

const startOffset = 'runtime_manager:stream_offsets:start_jobs';
const slowEngine = 'sleep 0.3; exec "$0" "$1"';
const fourInARow = join(import.meta.dirname, '../../workers/four-in-a-row.ts');

let redis: TestRedis;
let connection: Redis;
let lobby: JobStreams;
let root: string;
let folder: string;
const running: RunningProcess[] = [];

beforeAll(async () => {
  redis = await createTestRedis();
  connection = await openRedis({ ...redis, addr: redis, operationTimeoutMs: 10_000 }, () => {});
  lobby = new JobStreams(connection);
  root = await mkdtemp(join(tmpdir(), 'galaxy-test-runtime-'));
});
afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
  await killEngines(root);
  await connection.flushdb();
});
afterAll(async () => {
  connection.disconnect();
  await redis.drop();
  await rm(root, { recursive: true, force: true });
});

function newFolder(): void {
  folder = join(root, randomUUID());
}

/** On the folder of this test. */
function startManager(variables: Record<string, string> = {}): RunningProcess {
  const manager = runRuntimeManager(redis, folder, variables);
  running.push(manager);
  return manager;
}

async function signal({ child, ended }: RunningProcess, name: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  child.kill(name);
  const { exitCode, stderr } = await ended;
  if (name === 'SIGTERM') expect([exitCode, stderr]).toEqual([0, '']);
}

/** A process that was killed may hold its sockets a moment longer than its entry in /proc. */
const untilFree = (port: number) =>
  vi.waitFor(async () => expect(await isFree('127.0.0.1', port)).toBe(true), { timeout: 30_000 });

async function listenOn(port: number): Promise<Server> {
  await untilFree(port);
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/**
 * Waits until the engine of this job responds where the lobby was told last: a killed engine may hold its port while it
 * is started again, which is then elsewhere. @returns that address.
 */
const untilItResponds = (job: StartJob) =>
  vi.waitFor(
    async () => {
      const { engine_endpoint: endpoint = '' } = (await lobby.resultsOf(job.job_id)).at(-1) ?? {};
      expect((await askGame(endpoint))[0]).toBe(404);
      return endpoint;
    },
    { timeout: 30_000 },
  );

const logged = (manager: RunningProcess, text: string) =>
  vi.waitFor(() => expect(manager.stdout()).toContain(text), { timeout: 30_000 });
const pids = async () => (await enginesIn(folder)).map(({ pid }) => pid);

describe('a Runtime Manager that is killed', () => {
  it('at any moment of a start leaves one engine and one result to the next', {
    timeout: 90_000,
  }, async () => {
    newFolder();
    const engine = program('/bin/sh', '-c', slowEngine, process.execPath, fourInARow);
    const jobs = [newStartJob(), newStartJob(), newStartJob()];
    for (const job of jobs) {
      const manager = startManager(engine);
      await logged(manager, 'worker started');
      await lobby.ask(job);
      await delay(randomInt(0, 700));
      await signal(manager, 'SIGKILL');
    }
    startManager(engine);
    for (const job of jobs) {
      expect(await lobby.resultOf(job.job_id)).toMatchObject({ outcome: 'success' });
      const results = (await lobby.resultsOf(job.job_id)).map((result) => JSON.stringify(result));
      expect(new Set(results).size).toBe(1);
    }
    const engines = await enginesIn(folder);
    expect(engines.map(({ dataFolder }) => dataFolder.split('/').at(-2)).toSorted()).toEqual(
      jobs.map(({ job_id }) => job_id).toSorted(),
    );
    for (const job of jobs) {
      const { engine_endpoint } = await lobby.resultOf(job.job_id);
      expect((await askGame(engine_endpoint))[0]).toBe(404);
      expect(await lobby.done(stopOf(job))).toMatchObject({ outcome: 'success' });
    }
    await expectNoEngines(folder);
  });

  it('while it waits for an engine has it taken over, not started once more', async () => {
    newFolder();
    const engine = program('/bin/sh', '-c', 'sleep 2; exec "$0" "$1"', process.execPath, fourInARow);
    const first = startManager(engine);
    const job = newStartJob();
    await lobby.ask(job);
    await untilEngines(folder, 1);
    await signal(first, 'SIGKILL');
    expect(await lobby.resultsOf(job.job_id)).toEqual([]);
    const [pid] = (await pids()).toSorted((a, b) => a - b);
    startManager(engine);
    expect(await lobby.resultOf(job.job_id)).toMatchObject({ outcome: 'success' });
    expect(await pids()).toEqual([pid]);
  });

  it('after it has noted a result down and before it has published it, publishes it later', async () => {
    newFolder();
    // Something else in place of the stream, so that nothing can be published.
    await connection.set('runtime:job_results', 'x');
    const first = startManager();
    const job = newStartJob();
    await lobby.ask(job);
    await logged(first, '"msg":"job done"');
    const started = await pids();
    await signal(first, 'SIGKILL');
    await connection.del('runtime:job_results');
    startManager();
    expect(await lobby.resultOf(job.job_id)).toMatchObject({ outcome: 'success' });
    expect(await pids()).toEqual(started);
  });

  it('after it has published a result and before it has saved its offset, publishes the same once more', async () => {
    newFolder();
    const first = startManager();
    await lobby.done(newStartJob());
    // From then on it neither looks for its offset nor saves one before the next job.
    await vi.waitFor(async () => expect(await connection.get(startOffset)).not.toBeNull(), {
      timeout: 30_000,
    });
    await connection.del(startOffset);
    await connection.lpush(startOffset, 'x');
    const job = newStartJob();
    await lobby.done(job);
    await signal(first, 'SIGKILL');
    await connection.del(startOffset);
    const started = await pids();
    startManager();
    await vi.waitFor(
      async () => expect((await lobby.resultsOf(job.job_id)).length).toBeGreaterThanOrEqual(2),
      {
        timeout: 30_000,
      },
    );
    const results = (await lobby.resultsOf(job.job_id)).map((result) => JSON.stringify(result));
    expect(new Set(results).size).toBe(1);
    expect(await pids()).toEqual(started);
  });

  it('remembers a stop whose start comes only after it', async () => {
    newFolder();
    const first = startManager();
    const job = newStartJob();
    await lobby.done(stopOf(job));
    await signal(first, 'SIGKILL');
    startManager();
    expect(await lobby.done(job)).toMatchObject({ outcome: 'failure', error_code: 'stopped' });
    expect(await pids()).toEqual([]);
  });

  it('ends an engine that it had begun to start when the job has expired or was stopped in the meantime', async () => {
    newFolder();
    const engine = program('sleep', '1000');
    const first = startManager(engine);
    const [expiring, stopped] = [newStartJob(), newStartJob()];
    for (const job of [expiring, stopped]) await lobby.ask(job);
    await untilEngines(folder, 2);
    await signal(first, 'SIGKILL');
    expect(await pids()).toHaveLength(2);
    const stop = stopOf(stopped);
    await lobby.ask(stop);
    // Instead of waiting for it.
    await connection.del('runtime:start_jobs');
    await lobby.ask({ ...expiring, expires_at_ms: Date.now() - 1 });
    await lobby.ask(stopped);
    startManager(engine);
    expect(await lobby.resultOf(expiring.job_id)).toMatchObject({ error_code: 'expired' });
    expect(await lobby.resultOf(stopped.job_id)).toMatchObject({ error_code: 'stopped' });
    expect(await lobby.resultOf(stop.job_id)).toMatchObject({ outcome: 'success' });
    await expectNoEngines(folder);
  });
});

describe('a Runtime Manager that gets SIGTERM', () => {
  it('leaves engines running, and ends those of before when it is back', async () => {
    newFolder();
    const first = startManager();
    const job = newStartJob();
    await lobby.done(job);
    const started = await pids();
    await signal(first, 'SIGTERM');
    expect(await pids()).toEqual(started);
    startManager();
    expect(await lobby.done(stopOf(job))).toMatchObject({ outcome: 'success' });
    expect(await pids()).toEqual([]);
  });

  it('does not wait for a start that is under way, which the next one finishes', async () => {
    newFolder();
    const engine = program('/bin/sh', '-c', 'sleep 2; exec "$0" "$1"', process.execPath, fourInARow);
    const first = startManager({ ...engine, RM_SHUTDOWN_TIMEOUT: '30s' });
    const job = newStartJob();
    await lobby.ask(job);
    await untilEngines(folder, 1);
    await signal(first, 'SIGTERM');
    expect(first.stdout()).toContain('"drained":true');
    expect(await lobby.resultsOf(job.job_id)).toEqual([]);
    startManager(engine);
    expect(await lobby.resultOf(job.job_id)).toMatchObject({ outcome: 'success' });
    expect(await pids()).toHaveLength(1);
  });

  it('ends its engines when it is set to, and starts those of running games again where they were', async () => {
    newFolder();
    const withEngines = { RM_STOP_ENGINES_ON_EXIT: 'true' };
    const first = startManager(withEngines);
    const [job, over] = [newStartJob(), newStartJob()];
    const { engine_endpoint } = await lobby.done(job);
    await lobby.done(over);
    await lobby.done(stopOf(over));
    const before = await askGame(engine_endpoint, 'PUT', setupOf(job));
    await signal(first, 'SIGTERM');
    expect(await pids()).toEqual([]);
    await untilFree(Number(new URL(engine_endpoint ?? '').port));

    const second = startManager(withEngines);
    await logged(second, '"msg":"engine runs"');
    expect(await askGame(engine_endpoint)).toEqual(before);
    expect(await pids()).toHaveLength(1);
    await signal(second, 'SIGTERM');
    expect(await pids()).toEqual([]);
  });

  it('ends an engine, too, whose start is under way', async () => {
    newFolder();
    const first = startManager({ ...program('sleep', '1000'), RM_STOP_ENGINES_ON_EXIT: 'true' });
    await lobby.ask(newStartJob());
    await untilEngines(folder, 1);
    await signal(first, 'SIGTERM');
    await expectNoEngines(folder);
  });
});

describe('an engine that runs', () => {
  it('is told to the lobby again and again, until it is stopped: its stop job may be lost', async () => {
    newFolder();
    startManager({ RM_RECONCILE_INTERVAL: '300ms' });
    const job = newStartJob();
    const result = await lobby.done(job);
    const [, again] = await vi.waitFor(
      async () => {
        const results = await lobby.resultsOf(job.job_id);
        expect(results.length).toBeGreaterThan(1);
        return results;
      },
      { timeout: 10_000 },
    );
    expect(again).toMatchObject({ ...result, finished_at_ms: expect.any(Number) });
    expect(again?.finished_at_ms).toBeGreaterThan(result.finished_at_ms);
    expect(await lobby.done(stopOf(job))).toMatchObject({ outcome: 'success' });
    const told = (await lobby.resultsOf(job.job_id)).length;
    await lobby.done(newStartJob());
    expect(await lobby.resultsOf(job.job_id)).toHaveLength(told);
  });
});

describe('an engine that ends by itself', () => {
  it('is started again with its data and told about only when it is elsewhere; after the stop it stays down', async () => {
    newFolder();
    const job = newStartJob();
    const first = startManager();
    await lobby.done(job);
    await killEngines(folder);
    await logged(first, 'an engine has ended by itself');
    await logged(first, '"msg":"engine runs"');
    const endpoint = await untilItResponds(job);

    // Not a child of the next one, which takes it over.
    await signal(first, 'SIGKILL');
    const second = startManager();
    await logged(second, '"msg":"engine runs"');
    // It must not be quicker than the squatter.
    second.child.kill('SIGSTOP');
    await killEngines(folder);
    const squatter = await listenOn(Number(new URL(endpoint).port));
    second.child.kill('SIGCONT');
    try {
      const moved = await vi.waitFor(
        async () => {
          const results = await lobby.resultsOf(job.job_id);
          expect(results.at(-1)?.engine_endpoint).not.toBe(endpoint);
          return results;
        },
        { timeout: 30_000 },
      );
      await untilItResponds(job);
      const endpoints = moved.map(({ engine_endpoint }) => engine_endpoint);
      expect(new Set(endpoints).size).toBe(endpoints.length);
    } finally {
      squatter.close();
    }
    expect(await lobby.done(stopOf(job))).toMatchObject({ outcome: 'success' });
    await expectNoEngines(folder);
  });
});

describe('a Runtime Manager that starts', () => {
  it('starts engines again that died while it was away, elsewhere if their port is taken', async () => {
    newFolder();
    const first = startManager();
    const jobs = [newStartJob(), newStartJob()] as const;
    const endpoints = await Promise.all(
      jobs.map(async (job) => (await lobby.done(job)).engine_endpoint ?? ''),
    );
    await signal(first, 'SIGTERM');
    await killEngines(folder);
    await expectNoEngines(folder);
    const [ours = 0, theirs = 0] = endpoints.map((endpoint) => Number(new URL(endpoint).port));
    await untilFree(ours);
    const squatter = await listenOn(theirs);
    try {
      const second = startManager();
      await logged(second, '"msg":"engine runs"');
      const [before, moved] = await vi.waitFor(
        async () => {
          const results = await lobby.resultsOf(jobs[1].job_id);
          expect(results).toHaveLength(2);
          return results;
        },
        { timeout: 30_000 },
      );
      expect(moved).toMatchObject({ outcome: 'success', container_id: before?.container_id });
      expect(moved?.engine_endpoint).not.toBe(endpoints[1]);
      for (const job of jobs) await untilItResponds(job);
      expect(await lobby.resultsOf(jobs[0].job_id)).toHaveLength(1);
      expect(await lobby.done(stopOf(jobs[1]))).toMatchObject({ outcome: 'success' });
      expect(await pids()).toHaveLength(1);
    } finally {
      squatter.close();
    }
  });

  it('does not take a process for its engine that has the pid of one by now', async () => {
    newFolder();
    const job = newStartJob();
    const engineFolder = join(folder, 'engines', job.job_id);
    await mkdir(engineFolder, { recursive: true });
    const identity = `${await processIdentity(process.pid)}0`;
    await writeFile(
      join(engineFolder, 'process.json'),
      JSON.stringify({ pid: process.pid, identity, port: randomInt(20_000, 30_000) }),
    );
    startManager();
    expect(await lobby.done(job)).toMatchObject({ outcome: 'success' });
    const { pid } = JSON.parse(await readFile(join(engineFolder, 'process.json'), 'utf8'));
    expect(await pids()).toEqual([pid]);
    expect(await lobby.done(stopOf(job))).toMatchObject({ outcome: 'success' });
  });

  it('refuses a folder on which another one runs, and a Redis that is not there, both at once', async () => {
    newFolder();
    const first = startManager();
    await logged(first, 'worker started');
    const second = startManager({ RM_REDIS_ADDR: '127.0.0.1:1' });
    const { exitCode, stderr } = await second.ended;
    expect(exitCode).toBe(1);
    expect(stderr.trimEnd().split('\n').toSorted()).toEqual([
      expect.stringMatching(/^ {2}RM_DATA_FOLDER: \S+journal\.sqlite is in use: another Runtime Manager/),
      expect.stringMatching(/^ {2}RM_REDIS_ADDR: Redis at 127\.0\.0\.1:1 cannot be used/),
      'runtime-manager refuses to start: 2 problems',
    ]);
    expect(await lobby.done(newStartJob())).toMatchObject({ outcome: 'success' });
  });

  it('says everything that is wrong with its configuration', async () => {
    newFolder();
    const { ended } = runRuntimeManager(redis, '', {
      RM_DRIVER: 'docker',
      RM_PROCESS_COMMAND: '/opt/engine',
      RM_DOCKER_IMAGE: 'registry.example.com/engine:1.0.0',
      RM_ENGINES_FILE: '/nowhere/engines.json',
      RM_START_TIMEOUT: '0s',
    });
    const { exitCode, stderr } = await ended;
    expect(exitCode).toBe(1);
    expect(stderr.trimEnd().split('\n').toSorted()).toEqual([
      expect.stringMatching(/^ {2}RM_DATA_FOLDER: is not set\./),
      expect.stringMatching(/^ {2}RM_DOCKER_IMAGE: was removed\. .*RM_ENGINES_FILE/),
      expect.stringMatching(/^ {2}RM_ENGINES_FILE: \/nowhere\/engines\.json: ENOENT/),
      expect.stringMatching(/^ {2}RM_PROCESS_COMMAND: .*RM_ENGINES_FILE/),
      expect.stringMatching(/^ {2}RM_START_TIMEOUT: .*must be longer than zero/),
      'runtime-manager refuses to start: 5 problems',
    ]);
  });
});

describe('when Redis has lost its data', () => {
  it('jobs that come again get the same results, and start nothing', async () => {
    newFolder();
    startManager({ RM_READ_BLOCK_TIMEOUT: '200ms' });
    const jobs = [newStartJob(), newStartJob()];
    const before = await Promise.all(jobs.map((job) => lobby.done(job)));
    const started = await pids();
    await connection.flushdb();
    expect(await Promise.all(jobs.map((job) => lobby.done(job)))).toEqual(before);
    expect((await pids()).toSorted()).toEqual(started.toSorted());
  });
});
