// Reads from real replicas of a real Redis.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type LocalRedis, startRedis } from '../../infra/local/redis.ts';
import { openRedis, type Redis } from '../../lib/redis/client.ts';
import type { RedisReads } from '../../lib/redis/commands.ts';
import { openRedisReplicas } from '../../lib/redis/replicas.ts';
import { createLogger } from '../../lib/telemetry/logger.ts';
import { listening, lobbyEnvironment, logOf, stop } from '../support/lobby/lobby-process.ts';
import { startTcpProxy } from '../support/network/tcp-proxy.ts';
import { runEntry } from '../support/run/run-process.ts';
import { createTestDatabase } from '../support/stores/database.ts';

const password = 'secret';
let cleanUp: AsyncDisposableStack;
let folder: string;
let master: LocalRedis;
let replica: LocalRedis;
let connection: Redis;
let replicas: RedisReads;

const addrOf = ({ port }: LocalRedis) => ({ host: '127.0.0.1', port });
const open = async (server: LocalRedis) => {
  const redis = await openRedis({ addr: addrOf(server), password, operationTimeoutMs: 5_000 }, () => {});
  cleanUp.defer(() => redis.disconnect());
  return redis;
};
const start = (name: string, port = 0) =>
  startRedis({ dataFolder: join(folder, name), port, password, durable: false });
async function follow(server: LocalRedis): Promise<void> {
  const redis = await open(server);
  await redis.config('SET', 'masterauth', password);
  await redis.replicaof('127.0.0.1', master.port);
}

beforeAll(async () => {
  cleanUp = new AsyncDisposableStack();
  folder = await mkdtemp(join(tmpdir(), 'galaxy-redis-replicas-'));
  cleanUp.defer(() => rm(folder, { recursive: true, force: true }));
  master = await start('master');
  cleanUp.defer(() => master.stop());
  replica = await start('replica');
  cleanUp.defer(() => replica.stop());
  const stranger = await start('stranger');
  cleanUp.defer(() => stranger.stop());
  connection = await open(master);
  const log = createLogger({ service: 'test', level: 'silent' });
  const addrs = [stranger, replica].map(addrOf);
  const opened = openRedisReplicas(
    connection,
    addrs,
    { addr: addrOf(master), password, operationTimeoutMs: 1_000 },
    log,
  );
  replicas = opened;
  cleanUp.defer(() => opened.close());
});
afterAll(() => cleanUp.disposeAsync());

/** The ports that several reads come from. Every one of them must succeed. */
async function ports(): Promise<number[]> {
  const found = new Set<number>();
  for (let reads = 0; reads < 4; reads++) {
    found.add(
      await replicas.read(async (redis) => {
        const [, port] = (await redis.call('CONFIG', 'GET', 'port')) as string[];
        return Number(port);
      }),
    );
  }
  return [...found];
}
const eventually = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 15_000 });

it('reads from the master until a replica has caught up, never from a server that is none', async () => {
  expect(await ports()).toEqual([master.port]);
  await connection.set('key', 'value');
  await follow(replica);
  await eventually(async () => expect(await ports()).toEqual([replica.port]));
  await eventually(async () =>
    expect(await replicas.read((redis) => redis.call('GET', 'key'))).toBe('value'),
  );
});

it('reads from the master while its replica is away', async () => {
  await replica.stop();
  await eventually(async () => expect(await ports()).toEqual([master.port]));
  replica = await start('replica', replica.port);
  await follow(replica);
  await eventually(async () => expect(await ports()).toEqual([replica.port]));
});

it('serves how the lobby’s streams stand from a replica, also while the master is away', {
  timeout: 90_000,
}, async () => {
  const database = await createTestDatabase();
  cleanUp.defer(() => database.drop());
  const link = await startTcpProxy(addrOf(master));
  cleanUp.defer(() => link.close());
  const lobby = runEntry('infra/node/lobby-http.ts', {
    ...lobbyEnvironment(database, { addr: link.addr, password, db: 0 }),
    LOBBY_REDIS_REPLICA_ADDRS: `127.0.0.1:${replica.port}`,
  });
  const { internal } = await listening(lobby);
  await eventually(async () => expect(logOf(lobby).map(({ msg }) => msg)).toContain('replica is used'));

  const id = await connection.xadd('gm:lobby_events', '*', 'event_id', 'one');
  await connection.set('lobby:stream_offsets:gm_events', String(id));
  link.cut();
  await eventually(async () => {
    const response = await fetch(`http://127.0.0.1:${internal}/api/v1/internal/streams`);
    expect(response.status).toBe(200);
    const { items } = (await response.json()) as { items: object[] };
    expect(items).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ stream: 'gm:lobby_events', offset: id, lost: false }),
      ]),
    );
  });
  await replica.stop();
  expect((await fetch(`http://127.0.0.1:${internal}/api/v1/internal/streams`)).status).toBe(503);
  link.heal();
  await eventually(async () =>
    expect((await fetch(`http://127.0.0.1:${internal}/api/v1/internal/streams`)).status).toBe(200),
  );
  await stop(lobby);
});
