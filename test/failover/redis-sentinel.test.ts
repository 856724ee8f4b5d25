// The master of Redis dies under light load, and Sentinel makes its replica the master: every process follows, each
// signed in as a user that may do only what drivers.md says.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { appendClientEvent } from '../../lib/backend/push/log/append-client-event.ts';
import { pushLog } from '../../lib/backend/push/log/binary-log.ts';
import type { Redis } from '../../lib/redis/client.ts';
import { newEvent } from '../support/backend/push-log.ts';
import {
  gameMasterTemplate,
  gameMasterVariables,
  type RunningGameMaster,
  startTestGameMaster,
} from '../support/engines/game-master.ts';
import { runRuntimeManager } from '../support/engines/runtime-manager.ts';
import { Follower, outcomeOf } from '../support/gateway/follower.ts';
import { listening } from '../support/lobby/lobby-process.ts';
import { kill, LobbyStage } from '../support/lobby/stage.ts';
import { type Cluster, type Player, startCluster } from '../support/run/cluster.ts';
import type { RunningProcess } from '../support/run/run-process.ts';
import { createTestDatabase, type TestDatabase } from '../support/stores/database.ts';
import { type RedisPair, startRedisPair } from '../support/stores/redis-pair.ts';
import { type Sentinel, startSentinel } from '../support/stores/sentinel.ts';

const within = { timeout: 30_000, interval: 100 };

let pair: RedisPair;
let sentinel: Sentinel;
let cluster: Cluster;
let stage: LobbyStage;
let player: Player;
let follower: Follower;
let lobby: { public: number; internal: number };
let runtimeManager: RunningProcess;
let gameMaster: RunningGameMaster;
let gameMasterDatabase: TestDatabase;
let folder: string;
beforeAll(async () => {
  pair = await startRedisPair();
  for (const [user, rules] of await documentedRules()) {
    for (const { client } of [pair.first, pair.second]) {
      await client.acl('SETUSER', user, 'reset', 'on', `>${user}-secret`, ...rules);
    }
  }
  sentinel = await startSentinel(pair.first);
  const sentinels = (service: string) => ({
    [`${service}_REDIS_SENTINELS`]: sentinel.addr,
    [`${service}_REDIS_SENTINEL_MASTER_NAME`]: sentinel.masterName,
    [`${service}_REDIS_SENTINEL_PASSWORD`]: sentinel.password,
    [`${service}_REDIS_PASSWORD`]: `${service.toLowerCase()}-secret`,
    [`${service}_REDIS_OPERATION_TIMEOUT`]: '1s',
  });
  cluster = await startCluster({
    redis: pair.first,
    environment: { GATEWAY_REDIS_ADDR: '', GATEWAY_REDIS_USERNAME: 'gateway', ...sentinels('GATEWAY') },
    backendEnvironment: {
      BACKEND_REDIS_ADDR: '',
      BACKEND_REDIS_USERNAME: 'backend',
      ...sentinels('BACKEND'),
    },
  });
  stage = await LobbyStage.open(pair.first);
  const running = stage.start('lobby-all-in-one', {
    LOBBY_REDIS_MASTER_ADDR: '',
    LOBBY_REDIS_MASTER_USERNAME: 'lobby',
    ...sentinels('LOBBY'),
  });
  lobby = await listening(running);
  folder = await mkdtemp(join(tmpdir(), 'galaxy-test-redis-sentinel-'));
  runtimeManager = runRuntimeManager(pair.first, folder, {
    RM_REDIS_ADDR: '',
    RM_REDIS_USERNAME: 'rm',
    ...sentinels('RM'),
  });
  gameMasterDatabase = await createTestDatabase(gameMasterTemplate);
  gameMaster = await startTestGameMaster({
    ...gameMasterVariables({ dsn: gameMasterDatabase.dsn, redis: pair.first }, 'http://127.0.0.1:1'),
    GM_REDIS_ADDR: '',
    GM_REDIS_USERNAME: 'gm',
    ...sentinels('GM'),
  });
  player = await cluster.signIn();
  follower = await new Follower(cluster, player).opened();
});
afterAll(async () => {
  await follower?.stop();
  await gameMaster?.stop();
  await gameMasterDatabase?.drop();
  if (runtimeManager) await kill(runtimeManager);
  await stage?.close();
  await cluster?.stop();
  await sentinel?.stop();
  await pair?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The rules of each user, as an operator copies them from the page. */
async function documentedRules(): Promise<[user: string, rules: string[]][]> {
  const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'drivers.md'), 'utf8');
  const lines = [...page.matchAll(/^user (\w+) on >\S+ (.*)$/gm)];
  expect(lines.map(([, user]) => user)).toEqual(['gateway', 'backend', 'lobby', 'rm', 'gm']);
  return lines.map(([, user = '', rules = '']) => [user, rules.split(' ')]);
}

it('commands, events and entries come again within 30 s, and no user needs more than its rules', async () => {
  const client = cluster.client(player, 0);
  const account = () => outcomeOf(client.execute('user.account.get', {}));
  /** By the lobby, the Runtime Manager and the Game Master: entries that are nothing are put aside. */
  const handled = async (redis: Redis, what: string) => {
    for (const [stream, offsetKey] of [
      ['gm:lobby_events', 'lobby:stream_offsets:gm_events'],
      ['runtime:start_jobs', 'runtime_manager:stream_offsets:start_jobs'],
      ['lobby:game_changes', 'game_master:stream_offsets:game_changes'],
    ] as const) {
      const id = await redis.xadd(stream, '*', 'no', what);
      await vi.waitFor(async () => expect(await redis.get(offsetKey)).toBe(id), within);
    }
  };
  const game = async () => {
    const asker = () => stage.caller(lobby);
    const { gameId } = await stage.openGame(asker(), [asker(), asker()]);
    return gameId;
  };
  expect(await account()).toBe('ok');
  await game();
  await handled(pair.first.client, 'before');

  const outcomes: string[] = [];
  const stop = new AbortController();
  const load = (async () => {
    while (!stop.signal.aborted) {
      outcomes.push(await account());
      await delay(50);
    }
  })();
  process.kill(pair.first.pid, 'SIGKILL');
  const since = performance.now();
  const { client: successor } = pair.second;
  await vi.waitFor(async () => expect((await successor.role())[0]).toBe('master'), within);
  const elected = performance.now();
  const { eventId } = await appendClientEvent(
    pushLog(successor),
    newEvent(player.session.userId, { timestampMs: Date.now() }),
  );
  await vi.waitFor(() => expect(outcomes.slice(-5)).toEqual(Array(5).fill('ok')), within);
  await vi.waitFor(() => expect(follower.ids.at(-1)).toBe(eventId), within);
  await handled(successor, 'after');
  const seconds = (ms: number) => (ms / 1_000).toFixed(1);
  const refused = outcomes.filter((outcome) => outcome !== 'ok').length;
  process.stdout.write(
    `new master after ${seconds(elected - since)} s, everything serves ${seconds(performance.now() - elected)} s later; ` +
      `${refused} of ${outcomes.length} commands were refused\n`,
  );
  await vi.waitFor(async () => {
    const clients = String(await successor.client('LIST'));
    const users = ['gateway', 'backend', 'lobby', 'rm', 'gm'];
    expect(users.filter((user) => !clients.includes(` user=${user} `))).toEqual([]);
  }, within);
  stop.abort();
  await load;
  expect(outcomes.filter((outcome) => !['ok', 'REPLAY_STORE_UNAVAILABLE'].includes(outcome))).toEqual([]);
  await cluster.askBackend(`/api/v1/user/sessions/${player.session.deviceSessionId}/revoke`, player.session);
  await vi.waitFor(() => expect(follower.reasons.length).toBeGreaterThan(0), within);
  expect(await successor.acl('LOG')).toEqual([]);
});
