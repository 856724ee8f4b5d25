// A master of Redis is demoted, and the connections to it stay open or go silent: every process serves again by itself.
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { appendClientEvent } from '../../lib/backend/push/log/append-client-event.ts';
import { pushLog } from '../../lib/backend/push/log/binary-log.ts';
import { newEvent } from '../support/backend/push-log.ts';
import { Follower, outcomeOf } from '../support/gateway/follower.ts';
import type { TestClient } from '../support/gateway/test-client.ts';
import { LobbyStage } from '../support/lobby/stage.ts';
import type { TcpProxy } from '../support/network/tcp-proxy.ts';
import { type Cluster, type Player, startCluster } from '../support/run/cluster.ts';
import { type PairedRedis, type RedisPair, startRedisPair } from '../support/stores/redis-pair.ts';

/** Within which everything has to serve again. */
const within = { timeout: 30_000, interval: 100 };

let pair: RedisPair;
let master: PairedRedis;
let replica: PairedRedis;
beforeAll(async () => {
  pair = await startRedisPair();
  [master, replica] = [pair.first, pair.second];
});
afterAll(() => pair?.stop());

/** The other one is the master from now on. */
async function demote(): Promise<void> {
  await pair.demote(master, replica);
  [master, replica] = [replica, master];
}

/** How long it takes until `works` does. */
async function measured(what: string, works: () => Promise<void>): Promise<void> {
  const since = performance.now();
  await vi.waitFor(works, within);
  process.stdout.write(`${what} after ${((performance.now() - since) / 1_000).toFixed(1)} s\n`);
}

const faults: [string, (links: readonly TcpProxy[], broken: () => Promise<void>) => Promise<void>][] = [
  [
    'is demoted, keeps its connections, and its name moves later',
    async (links, broken) => {
      await demote();
      await broken();
      for (const link of links) link.redirect(master);
    },
  ],
  [
    'leaves connections that stay open and silent',
    async (links, broken) => {
      for (const link of links) link.strand();
      await broken();
    },
  ],
  [
    'is demoted, its connections go silent, and its name moves',
    async (links) => {
      for (const link of links) link.strand();
      await demote();
      for (const link of links) link.redirect(master);
    },
  ],
];

describe('Redis of the gateway and the push process', () => {
  let cluster: Cluster;
  let player: Player;
  let client: TestClient;
  let follower: Follower;
  beforeAll(async () => {
    cluster = await startCluster({
      redis: master,
      environment: { GATEWAY_REDIS_OPERATION_TIMEOUT: '1s' },
      backendEnvironment: { BACKEND_REDIS_OPERATION_TIMEOUT: '1s' },
    });
    player = await cluster.signIn();
    client = cluster.client(player, 0);
    follower = await new Follower(cluster, player).opened();
  });
  afterAll(async () => {
    await follower?.stop();
    await cluster?.stop();
  });

  it.each(faults)('%s: commands and events come again', async (_, fault) => {
    const { gatewayToRedis, pushToRedis } = cluster.links;
    const account = () => outcomeOf(client.execute('user.account.get', {}));
    await vi.waitFor(async () => expect(await account()).toBe('ok'), within);
    await fault([gatewayToRedis, pushToRedis], () =>
      vi.waitFor(async () => expect(await account()).toBe('REPLAY_STORE_UNAVAILABLE'), within),
    );
    await measured('commands', async () => expect(await account()).toBe('ok'));
    const { eventId } = await appendClientEvent(
      pushLog(master.client),
      newEvent(player.session.userId, { timestampMs: Date.now() }),
    );
    await measured('events', async () => expect(follower.ids.at(-1)).toBe(eventId));
  });
});

describe('Redis of a lobby worker', () => {
  let stage: LobbyStage;
  afterEach(() => stage?.close());

  it.each(faults)('%s: entries are handled again', async (_, fault) => {
    stage = await LobbyStage.open(master);
    const offsetKey = 'lobby:stream_offsets:gm_events';
    const tell = async () => {
      const id = await master.client.xadd('gm:lobby_events', '*', 'no', 'report');
      return () => vi.waitFor(async () => expect(await master.client.get(offsetKey)).toBe(id), within);
    };
    stage.start('gm-lobby-events', { LOBBY_REDIS_OPERATION_TIMEOUT: '1s' });
    await (await tell())();
    await fault([stage.toRedis], async () => {});
    const handled = await tell();
    await measured('entries', handled);
  });
});
