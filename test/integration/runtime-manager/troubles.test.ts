// The Runtime Manager with real engines as processes: engines that do not do as they should.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openRedis, type Redis } from '../../../lib/redis/client.ts';
import { program } from '../../support/engines/catalogue.ts';
import {
  enginesIn,
  expectNoEngines,
  JobStreams,
  killEngines,
  newStartJob,
  runRuntimeManager,
  stopOf,
  untilEngines,
} from '../../support/engines/runtime-manager.ts';
import type { RunningProcess } from '../../support/run/run-process.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';

let redis: TestRedis;
let connection: Redis;
let lobby: JobStreams;
let root: string;
const running: RunningProcess[] = [];

beforeAll(async () => {
  redis = await createTestRedis();
  connection = await openRedis({ ...redis, addr: redis, operationTimeoutMs: 10_000 }, () => {});
  lobby = new JobStreams(connection);
  root = await mkdtemp(join(tmpdir(), 'galaxy-test-runtime-'));
});
afterEach(async () => {
  for (const manager of running.splice(0)) await end(manager);
  await killEngines(root);
  await connection.flushdb();
});
afterAll(async () => {
  connection.disconnect();
  await redis.drop();
  await rm(root, { recursive: true, force: true });
});

function startManager(variables: Record<string, string>) {
  const folder = join(root, randomUUID());
  const manager = runRuntimeManager(redis, folder, variables);
  running.push(manager);
  return { ...manager, folder };
}

async function end({ child, ended }: RunningProcess): Promise<void> {
  child.kill('SIGTERM');
  const { exitCode, stderr } = await ended;
  expect([exitCode, stderr]).toEqual([0, '']);
}

describe('a start fails, and leaves nothing running, of a job', () => {
  it.each([
    [
      'whose engine ends at once',
      program('/bin/sh', '-c', 'echo no license found >&2; exit 3'),
      'engine_ended',
      /ended before it was healthy.*no license found/s,
    ],
    ['whose command is not there', program('/nowhere/engine'), 'engine_ended', /\/nowhere\/engine/],
    [
      'whose engine is never healthy',
      { ...program('sleep', '1000'), RM_START_TIMEOUT: '600ms' },
      'engine_not_healthy',
      /within 0\.6 s: GET \/healthz got no response \(.*ECONNREFUSED/,
    ],
    [
      'whose engine responds with something else',
      {
        ...program(
          process.execPath,
          '-e',
          'require("node:http").createServer((_, r) => r.end("{}")).listen(process.env.GALAXY_ENGINE_PORT, "127.0.0.1")',
        ),
        // It has to be up by then.
        RM_START_TIMEOUT: '5s',
      },
      'engine_not_healthy',
      /responded with 200, but not/,
    ],
  ])('%s', async (_, variables, error_code, error_message) => {
    const { folder } = startManager(variables);
    const job = newStartJob();
    expect(await lobby.done(job)).toMatchObject({
      outcome: 'failure',
      error_code,
      error_message: expect.stringMatching(error_message),
    });
    await expectNoEngines(folder);
    expect(await lobby.done(stopOf(job))).toMatchObject({ outcome: 'success' });
  });

  it('when its time is over before its engine is healthy', async () => {
    const { folder, stdout } = startManager(program('sleep', '1000'));
    await vi.waitFor(() => expect(stdout()).toContain('worker started'), { timeout: 10_000 });
    const job = newStartJob({ expires_at_ms: Date.now() + 3_000 });
    expect(await lobby.done(job)).toMatchObject({ outcome: 'failure', error_code: 'engine_not_healthy' });
    await expectNoEngines(folder);
  });
});

it('a start job beyond RM_MAX_ENGINES fails, and there is room again once an engine was stopped', async () => {
  startManager({ RM_MAX_ENGINES: '1' });
  const [first, second, third] = [newStartJob(), newStartJob(), newStartJob()];
  expect(await lobby.done(first)).toMatchObject({ outcome: 'success' });
  expect(await lobby.done(second)).toMatchObject({
    outcome: 'failure',
    error_code: 'too_many_engines',
    error_message: 'There is 1 engine already, as many as RM_MAX_ENGINES allows. Start the game again later.',
  });
  expect(await lobby.done(stopOf(first))).toMatchObject({ outcome: 'success' });
  expect(await lobby.done(third)).toMatchObject({ outcome: 'success' });
});

it('starts that hang hold up no other one that comes behind them', async () => {
  const { folder } = startManager({ ...program('sleep', '1000'), RM_START_TIMEOUT: '60s' });
  const hanging = Array.from({ length: 12 }, () => newStartJob());
  for (const job of hanging) await lobby.ask(job);
  await untilEngines(folder, hanging.length);
  expect(await lobby.done(newStartJob({ engine_version: '99.0.0' }))).toMatchObject({
    error_code: 'unknown_engine',
  });
  expect(await lobby.resultsOf(String(hanging[0]?.job_id))).toEqual([]);
});

describe('a stop job', () => {
  it('aborts a start that is under way', async () => {
    const { folder } = startManager(program('sleep', '1000'));
    const job = newStartJob();
    await lobby.ask(job);
    await untilEngines(folder, 1);
    expect(await lobby.done(stopOf(job))).toMatchObject({ outcome: 'success' });
    expect(await lobby.resultOf(job.job_id)).toMatchObject({ outcome: 'failure', error_code: 'stopped' });
    expect(await enginesIn(folder)).toEqual([]);
  });

  it('ends an engine that does not listen to SIGTERM, with all that it has started', async () => {
    const script = 'trap "" TERM; (trap "" TERM; sleep 1000) & "$0" "$1" & wait; wait; sleep 1000';
    const engine = join(import.meta.dirname, '../../../workers/four-in-a-row.ts');
    const { folder } = startManager({
      ...program('/bin/sh', '-c', script, process.execPath, engine),
      RM_STOP_TIMEOUT: '300ms',
    });
    const job = newStartJob();
    expect(await lobby.done(job)).toMatchObject({ outcome: 'success' });
    expect((await enginesIn(folder)).length).toBeGreaterThanOrEqual(3);
    expect(await lobby.done(stopOf(job))).toMatchObject({ outcome: 'success' });
    await expectNoEngines(folder);
  });
});
