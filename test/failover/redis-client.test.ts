// What the links of a process to Redis bear, and what replaces them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { freePort } from '../../infra/local/child.ts';
import { startRedis } from '../../infra/local/redis.ts';
import { isTransientFault } from '../../lib/errors/transient-fault.ts';
import { openReader, openRedis, type Redis, type RedisOptions } from '../../lib/redis/client.ts';
import { selfSigned } from '../support/network/certificate.ts';
import { startTcpProxy, type TcpProxy } from '../support/network/tcp-proxy.ts';
import { type PairedRedis, type RedisPair, startRedisPair } from '../support/stores/redis-pair.ts';
import { startSentinel } from '../support/stores/sentinel.ts';

const operationTimeoutMs = 1_000;
const within = { timeout: 30_000, interval: 50 };

let pair: RedisPair;
let master: PairedRedis;
let replica: PairedRedis;
let name: TcpProxy;
let errors: string[];
beforeAll(async () => {
  pair = await startRedisPair();
});
afterAll(() => pair?.stop());
beforeEach(async () => {
  const roles = [pair.first, pair.second].map(async (server) => (await server.client.role())[0]);
  [master, replica] = (await roles[0]) === 'master' ? [pair.first, pair.second] : [pair.second, pair.first];
  name = await startTcpProxy(master);
  onTestFinished(() => name.close());
  errors = [];
});

async function open(more: Partial<RedisOptions> = {}): Promise<Redis> {
  const [host = '', port] = name.addr.split(':');
  const addr = { host, port: Number(port) };
  const options = { addr, password: master.password, operationTimeoutMs, ...more };
  const redis = await openRedis(options, (error) => errors.push(error.message));
  onTestFinished(() => redis.disconnect());
  return redis;
}

async function demote(): Promise<void> {
  await pair.demote(master, replica);
  [master, replica] = [replica, master];
}

const runId = async (redis: Redis) => /run_id:(\w+)/.exec(await redis.info('server'))?.[1];
const untilAt = (redis: Redis, server: PairedRedis) =>
  vi.waitFor(async () => expect(await runId(redis)).toBe(await runId(server.client)), within);
const failureOf = (command: Promise<unknown>) =>
  command.then(
    () => undefined,
    (error: Error) => error,
  );

describe('a link', () => {
  it('that only reads leaves a server that has become a replica', async () => {
    const redis = await open();
    await demote();
    name.redirect(master);
    await untilAt(redis, master);
  });

  it('that only waits for entries leaves it, too', async () => {
    const redis = await open();
    const reader = openReader(redis, { blockMs: 500, operationTimeoutMs }, { lazyConnect: false }, () => {});
    onTestFinished(() => reader.disconnect());
    await vi.waitFor(() => expect(reader.status).toBe('ready'), within);
    await demote();
    name.redirect(master);
    await vi.waitFor(async () => {
      const id = await master.client.xadd('entries', '*', 'a', 'b');
      await pair.first.client.wait(0, 1);
      await reader.xread('BLOCK', 500, 'STREAMS', 'entries', '$');
      expect([id !== null, await runId(reader)]).toEqual([true, await runId(master.client)]);
    }, within);
  });

  it('whose script writes to a replica leaves it', async () => {
    const redis = await open();
    const write = () => redis.eval("return redis.call('SET', KEYS[1], 1)", 1, 'key');
    await demote();
    const error = await failureOf(write());
    expect([error?.message, isTransientFault(error)]).toEqual([expect.stringContaining('READONLY'), true]);
    await vi.waitFor(() => expect(errors.join()).toContain('is a read-only replica'), within);
    name.redirect(master);
    await vi.waitFor(write, within);
    await untilAt(redis, master);
  });

  it('that is silent is replaced, and one that is only slow is not', async () => {
    const redis = await open();
    const id = await redis.client('ID');
    await master.client.client('PAUSE', 1.5 * operationTimeoutMs, 'ALL');
    const late = await failureOf(redis.get('key'));
    expect([late?.message, isTransientFault(late)]).toEqual(['Command timed out', true]);
    await vi.waitFor(async () => expect(await redis.client('ID')).toBe(id), within);
    name.strand();
    expect((await failureOf(redis.get('key')))?.message).toBe('Command timed out');
    await vi.waitFor(async () => expect(await redis.client('ID')).toBeGreaterThan(Number(id)), within);
  });

  it('whose server is full stays', async () => {
    const redis = await open();
    const id = await redis.client('ID');
    await master.client.config('SET', 'maxmemory', 1);
    onTestFinished(async () => void (await master.client.config('SET', 'maxmemory', 0)));
    const error = await failureOf(redis.set('key', 1));
    expect([error?.message, isTransientFault(error)]).toEqual([expect.stringMatching(/^OOM /), true]);
    expect(await redis.client('ID')).toBe(id);
  });

  it('without enough replicas stays', async () => {
    const redis = await open();
    const id = await redis.client('ID');
    await master.client.config('SET', 'min-replicas-to-write', 2);
    onTestFinished(async () => void (await master.client.config('SET', 'min-replicas-to-write', 0)));
    const error = await failureOf(redis.set('key', 1));
    expect([error?.message, isTransientFault(error)]).toEqual([expect.stringMatching(/^NOREPLICAS /), true]);
    expect(await redis.client('ID')).toBe(id);
  });

  it('whose database cannot be selected any more does not go on with another one', async () => {
    const redis = await open({ db: 3 });
    await master.client.acl('SETUSER', 'default', '-select');
    onTestFinished(async () => void (await master.client.acl('SETUSER', 'default', '+select')));
    name.cut();
    name.heal();
    await vi.waitFor(() => expect(errors.join()).toContain('NOPERM'), within);
    expect((await failureOf(redis.set('misplaced', 1)))?.message).not.toBeUndefined();
    await master.client.acl('SETUSER', 'default', '+select');
    await vi.waitFor(() => redis.set('placed', 1), within);
    expect(await master.client.exists('misplaced', 'placed')).toBe(0);
  });
});

describe('TLS', () => {
  it('is used with an authority of one’s own, and a server that it did not sign is refused', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'galaxy-test-redis-tls-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const path = (file: string) => join(folder, file);
    const [own, other] = [selfSigned(), selfSigned()];
    await writeFile(path('own.pem'), own.cert);
    await writeFile(path('own.key'), own.key);
    await writeFile(path('other.pem'), other.cert);
    const port = await freePort();
    const server = await startRedis({
      dataFolder: path('data'),
      port: 0,
      password: master.password,
      settings: {
        'tls-port': port,
        'tls-cert-file': path('own.pem'),
        'tls-key-file': path('own.key'),
        'tls-auth-clients': 'no',
      },
    });
    onTestFinished(() => server.stop());
    const addr = { host: '127.0.0.1', port };
    const redis = await open({ addr, tls: true, tlsCaPath: path('own.pem') });
    expect(await redis.ping()).toBe('PONG');
    for (const more of [{}, { tlsCaPath: path('other.pem') }]) {
      const error = await failureOf(open({ addr, tls: true, ...more }));
      expect(error?.message).toMatch(/^Redis at 127\.0\.0\.1:\d+ cannot be used: .*self-signed certificate/);
    }
    const error = await failureOf(open({ addr, tls: true, tlsCaPath: path('missing.pem') }));
    expect(error?.message).toMatch(/cannot be used: ENOENT.*missing\.pem/);
  });
});

describe('at start', () => {
  it('Sentinels that know no such master are refused', async () => {
    const sentinel = await startSentinel(master);
    onTestFinished(() => sentinel.stop());
    const [host = '', port] = sentinel.addr.split(':');
    const known = { addrs: [{ host, port: Number(port) }], password: sentinel.password };
    const error = await failureOf(open({ sentinel: { ...known, masterName: 'other' } }));
    expect(error?.message).toMatch(
      /^Redis master "other" of the Sentinels at 127\.0\.0\.1:\d+ cannot be used: .*No such master with that name/,
    );
    const redis = await open({ sentinel: { ...known, masterName: sentinel.masterName } });
    await untilAt(redis, master);
  });

  it('a replica is waited for', async () => {
    name.redirect(replica);
    const opening = open({ replicaWaitMs: 30_000 });
    await vi.waitFor(() => expect(errors.join()).toContain('is a read-only replica'), within);
    await demote();
    await untilAt(await opening, master);
  });

  it('a replica that stays one is refused', async () => {
    name.redirect(replica);
    const error = await failureOf(open({ replicaWaitMs: 1_000 }));
    expect(error?.message).toBe(`Redis at ${name.addr} is a read-only replica, not the master`);
  });

  it('a node of a Redis Cluster is refused', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'galaxy-test-cluster-node-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const settings = { 'cluster-enabled': 'yes' };
    const node = await startRedis({ dataFolder: folder, port: 0, password: master.password, settings });
    onTestFinished(() => node.stop());
    const error = await failureOf(open({ addr: { host: '127.0.0.1', port: node.port } }));
    expect(error?.message).toMatch(/^Redis at 127\.0\.0\.1:\d+ is a node of a Redis Cluster, which cannot/);
  });
});
