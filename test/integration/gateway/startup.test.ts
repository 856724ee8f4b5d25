import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../../infra/local/child.ts';
import { startRedis } from '../../../infra/local/redis.ts';
import { runGateway } from '../../../workers/gateway.ts';
import { refusalOf } from '../../support/run/refusal.ts';
import { runEntry } from '../../support/run/run-process.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';

let redis: TestRedis;
let folder: string;
let good: Record<string, string>;

beforeAll(async () => {
  redis = await createTestRedis();
  folder = await mkdtemp(join(tmpdir(), 'galaxy-test-startup-'));
  const pem = (type: 'ed25519' | 'x25519') =>
    type === 'ed25519'
      ? generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' })
      : generateKeyPairSync('x25519').privateKey.export({ format: 'pem', type: 'pkcs8' });
  await writeFile(join(folder, 'signer.pem'), pem('ed25519'));
  await writeFile(join(folder, 'other.pem'), pem('x25519'));
  await writeFile(join(folder, 'garbage.pem'), 'sekret');
  good = {
    GATEWAY_PUBLIC_HTTP_ADDR: '127.0.0.1:0',
    GATEWAY_AUTHENTICATED_GRPC_ADDR: '127.0.0.1:0',
    GATEWAY_REDIS_ADDR: redis.addr,
    GATEWAY_REDIS_PASSWORD: redis.password,
    GATEWAY_BACKEND_HTTP_URL: 'http://127.0.0.1:1',
    GATEWAY_BACKEND_GRPC_ADDR: '127.0.0.1:1',
    GATEWAY_RESPONSE_SIGNER_PRIVATE_KEY_PATH: join(folder, 'signer.pem'),
  };
});
afterAll(async () => {
  await redis.drop();
  await rm(folder, { recursive: true, force: true });
});

const refusal = async (env: Record<string, string>) => {
  const { exitCode, stdout, stderr } = await runEntry('workers/gateway.ts', env).ended;
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  return stderr.trimEnd().split('\n');
};

describe('the gateway refuses to start', () => {
  it('with a line for every problem at once', async () => {
    const [title, ...lines] = await refusal({
      GATEWAY_REDIS_ADDR: `127.0.0.1:${await freePort()}`,
      GATEWAY_BACKEND_HTTP_URL: 'ftp://backend',
      GATEWAY_FRESHNESS_WINDOW: '5 minutes',
      GATEWAY_RESPONSE_SIGNER_PRIVATE_KEY_PATH: join(folder, 'missing.pem'),
    });
    expect(title).toBe('gateway refuses to start: 5 problems');
    expect(lines.toSorted()).toEqual([
      expect.stringMatching(/^ {2}GATEWAY_BACKEND_GRPC_ADDR: is not set\. /),
      expect.stringMatching(/^ {2}GATEWAY_BACKEND_HTTP_URL: "ftp:\/\/backend" cannot be used: write a URL/),
      expect.stringMatching(/^ {2}GATEWAY_FRESHNESS_WINDOW: "5 minutes" cannot be used: write a duration/),
      expect.stringMatching(
        /^ {2}GATEWAY_REDIS_ADDR: Redis at 127\.0\.0\.1:\d+ cannot be used: .*ECONNREFUSED/,
      ),
      expect.stringMatching(
        /^ {2}GATEWAY_RESPONSE_SIGNER_PRIVATE_KEY_PATH: cannot read .*missing\.pem \(ENOENT\)/,
      ),
    ]);
  });

  it('when Redis rejects the password, without printing it', async () => {
    const lines = await refusalOf(runGateway, { ...good, GATEWAY_REDIS_PASSWORD: 'not-the-password' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/GATEWAY_REDIS_ADDR: Redis at .* cannot be used: .*(WRONGPASS|invalid)/i);
    expect(lines.join()).not.toContain('not-the-password');
  });

  it.each(['garbage.pem', 'other.pem'])(
    'when the response signer is not an Ed25519 key: %s',
    async (file) => {
      const lines = await refusalOf(runGateway, {
        ...good,
        GATEWAY_RESPONSE_SIGNER_PRIVATE_KEY_PATH: join(folder, file),
      });
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(
        /GATEWAY_RESPONSE_SIGNER_PRIVATE_KEY_PATH: .*(PKCS#8|not Ed25519).*openssl genpkey/,
      );
      expect(lines.join()).not.toContain('sekret');
    },
  );

  it('when Redis may evict keys, which would let replays through', async () => {
    const evicting = await startRedis({
      dataFolder: join(folder, 'redis'),
      port: 0,
      password: 'p',
      durable: false,
    });
    const admin = new Redis({ port: evicting.port, password: 'p', protocol: 2 });
    try {
      await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
      await admin.config('SET', 'maxmemory', '100mb');
      const lines = await refusalOf(runGateway, {
        ...good,
        GATEWAY_REDIS_ADDR: evicting.addr,
        GATEWAY_REDIS_PASSWORD: 'p',
      });
      expect(lines[0]).toContain('may evict keys (maxmemory-policy allkeys-lru)');
    } finally {
      admin.disconnect();
      await evicting.stop();
    }
  });

  it('when ports are taken, naming them', async () => {
    const { ended } = runEntry('workers/gateway.ts', {
      ...good,
      GATEWAY_PUBLIC_HTTP_ADDR: redis.addr,
      GATEWAY_AUTHENTICATED_GRPC_ADDR: redis.addr,
    });
    const { exitCode, stderr } = await ended;
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`  GATEWAY_PUBLIC_HTTP_ADDR: ${redis.addr} is in use by another process`);
    expect(stderr).toContain(`  GATEWAY_AUTHENTICATED_GRPC_ADDR: ${redis.addr} is in use by another process`);
  });
});

describe('the gateway', () => {
  it('starts without its backend, responds to its probes, and ends with exit code 0 on SIGTERM', async () => {
    const { child, stdout, ended } = runEntry('workers/gateway.ts', good);
    const port = await vi.waitFor(
      () => {
        const line = stdout()
          .split('\n')
          .find((text) => text.includes('"public-http"'));
        return JSON.parse(line ?? '').port as number;
      },
      { timeout: 15_000 },
    );
    const ask = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return [response.status, await response.json()];
    };
    expect(await ask('/healthz')).toEqual([200, { status: 'ok' }]);
    expect(await ask('/readyz')).toEqual([200, { status: 'ready' }]);
    child.kill('SIGTERM');
    const { exitCode, stderr } = await ended;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });
});
