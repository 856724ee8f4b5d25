import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { freePort } from '../../../infra/local/child.ts';
import { startRedis } from '../../../infra/local/redis.ts';
import { StartupError } from '../../../lib/config/startup.ts';
import { openRedis } from '../../../lib/redis/client.ts';
import { runBackendPush } from '../../../workers/backend-push.ts';
import { TestPushLog } from '../../support/backend/push-log.ts';
import { PushReader } from '../../support/backend/push-reader.ts';
import { type RunningProcess, runEntry } from '../../support/run/run-process.ts';

const testLog = new TestPushLog();

const entry = 'workers/backend-push.ts';

async function environment(): Promise<Record<string, string>> {
  return {
    BACKEND_PUSH_GRPC_ADDR: `127.0.0.1:${await freePort()}`,
    BACKEND_REDIS_ADDR: testLog.server.addr,
    BACKEND_REDIS_PASSWORD: testLog.server.password,
    BACKEND_REDIS_DB: String(testLog.server.db),
  };
}

/** The problems with which the process refuses to start, by variable. */
async function refusal(changes: Record<string, string | undefined>): Promise<Record<string, string>> {
  const running = runBackendPush({ ...(await environment()), ...changes }, new AbortController().signal);
  const error = await running.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof StartupError))
    throw new Error('the process did not refuse to start', { cause: error });
  return Object.fromEntries(error.problems.map(({ variable, message }) => [variable, message]));
}

async function untilLogged(running: RunningProcess, text: string): Promise<void> {
  for (const deadline = Date.now() + 15_000; !running.stdout().includes(text); await delay(10)) {
    if (Date.now() > deadline) throw new Error(`"${text}" was not logged within 15 s`);
  }
}

describe('the push process refuses to start', () => {
  test('with exit code 1, naming every problem at once', async () => {
    const { exitCode, stderr } = await runEntry(entry, {
      BACKEND_PUSH_GRPC_ADDR: 'nowhere',
      BACKEND_PUSH_RETENTION: '30s',
      BACKEND_PUSH_QUEUE_FRAMES: '1',
    }).ended;
    expect(exitCode).toBe(1);
    const [title, ...problems] = stderr.trim().split('\n');
    expect(title).toBe('backend-push refuses to start: 5 problems');
    expect(problems.map((line) => line.trim().split(':')[0]).sort()).toEqual([
      'BACKEND_PUSH_GRPC_ADDR',
      'BACKEND_PUSH_QUEUE_FRAMES',
      'BACKEND_PUSH_RETENTION',
      'BACKEND_REDIS_ADDR',
      'BACKEND_REDIS_PASSWORD',
    ]);
  });

  test('when Redis cannot be reached', async () => {
    const addr = `127.0.0.1:${await freePort()}`;
    const problems = await refusal({ BACKEND_REDIS_ADDR: addr });
    expect(problems).toEqual({ BACKEND_REDIS_ADDR: expect.stringContaining(`${addr} cannot be used`) });
  });

  test('when Redis rejects the password, which it does not repeat', async () => {
    const problems = await refusal({ BACKEND_REDIS_PASSWORD: 'wrong-secret' });
    expect(problems).toEqual({ BACKEND_REDIS_ADDR: expect.stringContaining('WRONGPASS') });
    expect(JSON.stringify(problems)).not.toContain('wrong-secret');
  });

  test('when Redis may evict keys', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'galaxy-test-evicting-'));
    const password = 'for-this-test-only';
    const server = await startRedis({
      dataFolder: folder,
      port: 0,
      password,
      portVariable: 'no variable (tests take a free port)',
      addressVariable: 'no variable (tests start a server of their own)',
      durable: false,
    });
    try {
      const addr = { host: '127.0.0.1', port: server.port };
      const redis = await openRedis({ addr, password, operationTimeoutMs: 5_000 }, () => {});
      await redis.config('SET', 'maxmemory', '100mb', 'maxmemory-policy', 'allkeys-lru');
      redis.disconnect();
      const problems = await refusal({
        BACKEND_REDIS_ADDR: server.addr,
        BACKEND_REDIS_PASSWORD: password,
        BACKEND_REDIS_DB: '0',
      });
      expect(problems).toEqual({
        BACKEND_REDIS_ADDR: expect.stringContaining('the push log needs maxmemory-policy noeviction'),
      });
    } finally {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('when its port is taken', async () => {
    const env = await environment();
    const stop = new AbortController();
    const first = runEntry(entry, env);
    try {
      await untilLogged(first, 'listening');
      await expect(runBackendPush({ ...env, BACKEND_LOG_LEVEL: 'silent' }, stop.signal)).rejects.toThrow(
        `${env.BACKEND_PUSH_GRPC_ADDR} is in use by another process`,
      );
    } finally {
      first.child.kill('SIGTERM');
    }
    expect((await first.ended).exitCode).toBe(0);
  });
});

describe('the push process', () => {
  test('serves until SIGTERM, then ends its streams with UNAVAILABLE and itself with exit code 0', async () => {
    const env = await environment();
    const running = runEntry(entry, env);
    await untilLogged(running, 'listening');
    const reader = new PushReader(env.BACKEND_PUSH_GRPC_ADDR ?? '');
    await reader.until(({ frames }) => frames.length > 0);
    const { eventId } = await testLog.append(randomUUID());
    await reader.until(({ eventIds }) => eventIds.includes(eventId));

    running.child.kill('SIGTERM');
    expect((await reader.ended).code).toBe(status.UNAVAILABLE);
    reader.close();
    const { exitCode, stdout, stderr } = await running.ended;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain('"msg":"stopped"');
    expect(stdout).toContain('"gateway_id":"gateway-1"');
    expect(stdout).not.toContain(testLog.server.password);
  });

  test('warns when anybody who reaches it can read all events', async () => {
    const env = { ...(await environment()), BACKEND_PUSH_GRPC_ADDR: `:${await freePort()}` };
    const running = runEntry(entry, env);
    await untilLogged(running, 'listening');
    running.child.kill('SIGTERM');
    expect((await running.ended).stdout).toContain('Set BACKEND_PUSH_GRPC_CALLERS, or bind');
  });
});
