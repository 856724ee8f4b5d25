// What operators ask about engines, from the Game Master's internal listener to real engines of a real Runtime Manager.
import { randomUUID } from 'node:crypto';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createEngineHost } from '../../../lib/game-master/peers/runtime-manager.ts';
import { openRedis, type Redis } from '../../../lib/redis/client.ts';
import { type Answer, createTestGameMaster, type TestGameMaster } from '../../support/engines/game-master.ts';
import {
  enginesIn,
  expectNoEngines,
  JobStreams,
  killEngines,
  newStartJob,
  runRuntimeManager,
  setupOf,
  stopOf,
  untilEngines,
} from '../../support/engines/runtime-manager.ts';
import type { RunningProcess } from '../../support/run/run-process.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const stream = 'runtime:engine_requests';
const secret = 'very-secret-value';

let redis: TestRedis;
let connection: Redis;
let gm: TestGameMaster;
let folder: string;
let manager: RunningProcess;
const start = newStartJob({ job_id: uuidv7(), game_id: uuidv7() });
let endpoint: string;

beforeAll(async () => {
  redis = await createTestRedis();
  connection = await openRedis({ ...redis, addr: redis, operationTimeoutMs: 10_000 }, () => {});
  gm = await createTestGameMaster({ engineHost: createEngineHost(connection, stream) });
  folder = await mkdtemp(join(tmpdir(), 'galaxy-test-engine-requests-'));
  manager = runRuntimeManager(redis, folder, { GALAXY_ENGINE_KEY: secret });
  const started = await new JobStreams(connection).done(start);
  endpoint = started.engine_endpoint ?? '';
  const registered = await post(`/games/${start.game_id}/register-runtime`, {
    ...{ runtime_job_id: start.job_id, container_id: started.container_id, engine_endpoint: endpoint },
    ...{ turn_schedule: null, time_zone: 'UTC', turn_seconds: 3_600 },
    players: [{ user_id: uuidv7(), race_name: 'Zerg' }],
  });
  expect(registered.status).toBe(200);
});
afterAll(async () => {
  manager.child.kill('SIGTERM');
  await manager.ended;
  await killEngines(folder);
  connection.disconnect();
  await Promise.all([gm.close(), redis.drop(), rm(folder, { recursive: true, force: true })]);
});

const answer = ([status, body]: Answer) => ({ status, body });
const read = async (path: string) => answer(await gm.internal().get(path));
const post = async (path: string, body: unknown) => answer(await gm.internal().post(path, { body }));
const logFile = () => join(folder, 'engines', start.job_id, 'engine.log');

it('shows every engine that runs, with its memory, its failures and its health', async () => {
  const { status, body } = await read('/engines');
  expect({ status, body }).toEqual({
    status: 200,
    body: {
      items: [
        {
          ...{ game_id: start.game_id, runtime_job_id: start.job_id },
          ...{ engine_family: 'four-in-a-row', engine_version: '1.0.0', state: 'running' },
          ...{ memory_bytes: expect.any(Number), ended_times: 0, engine_health: 'ok', failures: 0 },
        },
      ],
    },
  });
  const [engine] = (body as { items: { memory_bytes: number }[] }).items;
  expect(engine?.memory_bytes).toBeGreaterThan(1_000_000);
});

describe('the log of an engine', () => {
  const path = `/games/${start.game_id}/engine/log`;

  it('is shown from its end, in as many bytes as were asked for, from the beginning of a line', async () => {
    await appendFile(logFile(), 'one line\nanother line\nthe last line\n');
    const whole = expect.stringMatching(/another line\nthe last line\n$/);
    expect((await read(path)).body).toMatchObject({ text: whole });
    expect((await read(`${path}?max_bytes=20`)).body).toEqual({
      ...{ game_id: start.game_id, runtime_job_id: start.job_id },
      ...{ text: 'the last line\n', cut: true },
    });
  });

  it('has nothing of the values that operators gave to engines, not even a part of one', async () => {
    await appendFile(logFile(), `key ${secret} and ${secret}\nlast\n`);
    const { text } = (await read(path)).body as { text: string };
    expect(text).toContain('key [GALAXY_ENGINE_KEY] and [GALAXY_ENGINE_KEY]\nlast\n');
    const { body } = await read(`${path}?max_bytes=${secret.length + 3}`);
    expect(body).toMatchObject({ text: 'last\n', cut: true });
  });

  it.each(['0', '65537', 'all'])('is not shown in %s bytes', async (bytes) => {
    expect(await read(`${path}?max_bytes=${bytes}`)).toMatchObject({ status: 400 });
  });

  it('is that of a game that is known', async () => {
    expect(await read(`/games/${uuidv7()}/engine/log`)).toMatchObject({ status: 404 });
  });
});

describe('an engine that is restarted', () => {
  const path = `/games/${start.game_id}/engine/restart`;
  const restart = (body: unknown) => post(path, body);

  it('is another process at the same address, with the data that it had', async () => {
    const setUp = await fetch(`${endpoint}/api/v1/game`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(setupOf(start)),
    });
    expect(setUp.ok).toBe(true);
    const game = await setUp.json();
    const [before] = await untilEngines(folder, 1);
    expect(await restart({ reason: 'it hangs' })).toMatchObject({
      status: 200,
      body: { game_id: start.game_id, runtime_job_id: start.job_id },
    });
    await vi.waitFor(
      async () => {
        const [engine] = await enginesIn(folder);
        expect(engine?.pid).not.toBe(before?.pid);
        expect(await (await fetch(`${endpoint}/api/v1/game`)).json()).toEqual(game);
      },
      { timeout: 40_000, interval: 100 },
    );
    await untilEngines(folder, 1);
  });

  it('has a reason', async () => {
    expect(await restart({})).toMatchObject({ status: 400 });
  });

  it('is not one that was stopped', async () => {
    await new JobStreams(connection).done(stopOf(start));
    await expectNoEngines(folder);
    expect(await restart({ reason: 'again' })).toMatchObject({
      status: 409,
      body: { error: { code: 'invalid_state' } },
    });
    expect((await read('/engines')).body).toEqual({ items: [] });
  });
});

it('a request that no Runtime Manager responds to is refused', async () => {
  const silent = createEngineHost(connection, `runtime:nobody:${randomUUID()}`);
  await expect(silent.ask({ kind: 'list' }, undefined)).rejects.toMatchObject({
    body: { error: { code: 'service_unavailable' } },
  });
});
