// A gateway whose log nobody reads: a pipe that is full must not stop it from serving, nor from ending.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { freePort } from '../../infra/local/child.ts';
import { compileCache } from '../../infra/local/service.ts';
import { createTestRedis, type TestRedis } from '../support/stores/redis.ts';
import { scrape } from '../support/telemetry/prometheus-text.ts';

const root = join(import.meta.dirname, '..', '..');
const waiting = { timeout: 60_000, interval: 50 };

let redis: TestRedis;
let folder: string;
let env: Record<string, string>;
let publicUrl: string;
let adminUrl: string;

beforeAll(async () => {
  redis = await createTestRedis();
  folder = await mkdtemp(join(tmpdir(), 'galaxy-log-pipe-'));
  const { privateKey } = generateKeyPairSync('ed25519');
  await writeFile(join(folder, 'signer.pem'), privateKey.export({ format: 'pem', type: 'pkcs8' }));
  const publicAddress = `127.0.0.1:${await freePort()}`;
  const adminAddress = `127.0.0.1:${await freePort()}`;
  publicUrl = `http://${publicAddress}`;
  adminUrl = `http://${adminAddress}`;
  env = {
    PATH: process.env.PATH ?? '',
    ...compileCache,
    GATEWAY_PUBLIC_HTTP_ADDR: publicAddress,
    GATEWAY_AUTHENTICATED_GRPC_ADDR: '127.0.0.1:0',
    GATEWAY_ADMIN_HTTP_ADDR: adminAddress,
    GATEWAY_REDIS_ADDR: redis.addr,
    GATEWAY_REDIS_PASSWORD: redis.password,
    GATEWAY_BACKEND_HTTP_URL: 'http://127.0.0.1:1',
    GATEWAY_BACKEND_GRPC_ADDR: '127.0.0.1:1',
    GATEWAY_RESPONSE_SIGNER_PRIVATE_KEY_PATH: join(folder, 'signer.pem'),
    GATEWAY_SHUTDOWN_TIMEOUT: '2s',
  };
});
afterAll(async () => {
  await redis.drop();
  await rm(folder, { recursive: true, force: true });
});

/** As a supervisor starts it: standard output and standard error are one pipe, or a socket each. */
function start(output: number | 'pipe'): ChildProcess {
  const args = ['--import', './infra/node/telemetry.ts', 'workers/gateway.ts'];
  return spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', output, output] });
}

async function statusOf(path: string): Promise<number> {
  const response = await fetch(publicUrl + path, { signal: AbortSignal.timeout(10_000) });
  await response.arrayBuffer();
  return response.status;
}

async function dropped(): Promise<number> {
  return (await scrape(`${adminUrl}/metrics`)).value('log_lines_dropped_total');
}

/** Requests, each of which is a long line in the log, until lines were dropped. */
async function flood(): Promise<void> {
  await vi.waitFor(async () => expect(await statusOf('/readyz')).toBe(200), waiting);
  const before = await dropped();
  const path = `/${'x'.repeat(8_000)}`;
  await vi.waitFor(async () => {
    const statuses = await Promise.all(Array.from({ length: 50 }, () => statusOf(path)));
    expect(new Set(statuses)).toEqual(new Set([404]));
    expect(await statusOf('/readyz')).toBe(200);
    expect(await dropped()).toBeGreaterThan(before);
  }, waiting);
}

async function stop(gateway: ChildProcess): Promise<number | null> {
  const ended = once(gateway, 'exit');
  gateway.kill('SIGTERM');
  await ended;
  return gateway.exitCode;
}

/** What is in the pipe now. */
function drain(pipe: number): string {
  const chunk = Buffer.alloc(64 * 1024);
  let text = '';
  for (;;) {
    try {
      text += chunk.toString('latin1', 0, readSync(pipe, chunk));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return text;
      throw error;
    }
  }
}

it('serves while its pipe is not read, reports how much was dropped once it is read again, and ends', async () => {
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  // For both, so that the pipe has a reader that never reads.
  const writing = openSync(path, 'r+');
  const reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const gateway = start(writing);
  try {
    await flood();
    let read = '';
    await vi.waitFor(() => {
      read += drain(reading);
      expect(read).toMatch(/"dropped":.*\n/);
    }, waiting);
    const whole = read.slice(0, read.lastIndexOf('\n')).split('\n');
    const lines = whole.map((line): Record<string, unknown> => JSON.parse(line));
    expect(lines.filter((line) => line.dropped !== undefined)).toEqual([
      expect.objectContaining({ level: 'warn', service: 'gateway', dropped: expect.any(Number) }),
    ]);
    expect(lines.filter(({ status }) => status === 404).length).toBeGreaterThan(100);
    await flood();
    expect(await stop(gateway)).toBe(0);
  } finally {
    gateway.kill('SIGKILL');
    closeSync(reading);
    closeSync(writing);
  }
});

it.each([
  ['nobody reads', false],
  ['has lost its reader', true],
])('serves and ends while its log is a socket that %s', async (_, dead) => {
  const gateway = start('pipe');
  try {
    if (dead) for (const stream of [gateway.stdout, gateway.stderr]) stream?.destroy();
    await flood();
    expect(await stop(gateway)).toBe(0);
  } finally {
    gateway.kill('SIGKILL');
  }
});
