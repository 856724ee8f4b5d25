// The lobby's HTTP side plays the same story through every pair of drivers, on a real PostgreSQL and a real Redis.
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createLobbyApps } from '../../../handlers/lobby/apps.ts';
import type { HttpApp } from '../../../lib/http/app.ts';
import { prepareLobby } from '../../../lib/lobby/process/serverless.ts';
import { startLobbyHttp } from '../../../lib/lobby/process/start.ts';
import { neonPostgres } from '../../../lib/postgres/neon.ts';
import type { Redis } from '../../../lib/redis/client.ts';
import { restRedis } from '../../../lib/redis/rest.ts';
import { json, startUpstreamServer, type UpstreamServer } from '../../support/gateway/fake-upstream.ts';
import { gameBody } from '../../support/lobby/games.ts';
import { lobbyTemplate } from '../../support/lobby/lobby.ts';
import { callersText } from '../../support/service-callers.ts';
import { type Bridges, startBridges } from '../../support/stores/bridges.ts';
import { createTestDatabase, type TestDatabase } from '../../support/stores/database.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';
import { openDatabase } from '../../support/stores/redis-databases.ts';

let redis: TestRedis;
let database: TestDatabase;
let connection: Redis;
let bridges: Bridges;
let users: UpstreamServer;
let common: Record<string, string>;
const tokens = { public: 'public-secret', internal: 'internal-secret' };

beforeAll(async () => {
  [redis, database] = await Promise.all([createTestRedis(), createTestDatabase(lobbyTemplate)]);
  connection = await openDatabase(redis, redis.db);
  bridges = await startBridges(redis);
  users = await startUpstreamServer((request, response) => {
    const userId = /users\/([^/]+)\/lobby-eligibility$/.exec(request.url)?.[1];
    const rights = {
      user_id: userId,
      exists: true,
      permanent_block: false,
      can_create_public_game: true,
      can_create_private_game: true,
      can_join_game: true,
      max_owned_games: 10,
      max_active_memberships: 10,
      max_registered_race_names: 3,
    };
    json(200, rights)(request, response);
  });
  common = {
    LOBBY_POSTGRES_PRIMARY_DSN: database.dsn,
    LOBBY_USER_SERVICE_BASE_URL: users.url,
    LOBBY_GM_BASE_URL: users.url,
    LOBBY_LOG_LEVEL: 'silent',
    LOBBY_PUBLIC_HTTP_CALLERS: callersText(tokens.public),
    LOBBY_INTERNAL_HTTP_CALLERS: callersText(tokens.internal),
  };
});
afterAll(async () => {
  connection.disconnect();
  await Promise.all([bridges.close(), users.close()]);
  await Promise.all([redis.drop(), database.drop()]);
});

const overTcp = () => ({
  ...common,
  LOBBY_REDIS_MASTER_ADDR: redis.addr,
  LOBBY_REDIS_PASSWORD: redis.password,
  LOBBY_REDIS_DB: String(redis.db),
});
const withoutTcp = () => ({
  ...common,
  LOBBY_POSTGRES_DRIVER: 'neon',
  LOBBY_POSTGRES_WEBSOCKET_PROXY: bridges.proxy.addr,
  LOBBY_REDIS_REST_URL: bridges.rest.url,
  LOBBY_REDIS_REST_TOKEN: bridges.rest.token,
});

type Apps = { public: HttpApp; internal: HttpApp; settled(): Promise<void>; close(): Promise<void> };

const ways: [way: string, open: () => Promise<Apps>][] = [
  ['pg and ioredis, on Node', () => onNode(overTcp())],
  ['Neon’s driver and REST, on Node', () => onNode(withoutTcp())],
  ['Neon’s driver and REST, opened for each request', async () => perRequest(withoutTcp())],
];

async function onNode(environment: Record<string, string>): Promise<Apps> {
  const { config, log, lobby, close } = await startLobbyHttp(environment);
  const apps = createLobbyApps(config, { log, ready: () => true }, lobby);
  return { ...apps, settled: () => lobby.outbox.settled(), close };
}

/** As on workerd: what a request has opened is closed with it. */
function perRequest(environment: Record<string, string>): Apps {
  const drivers = { postgres: { neon: neonPostgres }, redis: restRedis };
  const prepared = prepareLobby(environment, drivers);
  const handle = (port: 'public' | 'internal') => ({
    async request(path: string, init: RequestInit) {
      const { lobby, check, close } = prepared.open();
      try {
        await check();
        const apps = createLobbyApps(prepared.config, { log: prepared.log, ready: () => true }, lobby);
        return await apps[port].request(path, init);
      } finally {
        await close();
      }
    },
  });
  return {
    public: handle('public') as HttpApp,
    internal: handle('internal') as HttpApp,
    async settled() {},
    async close() {},
  };
}

describe.each(ways)('with %s', (_, open) => {
  let apps: Apps;
  beforeAll(async () => {
    apps = await open();
  });
  afterAll(() => apps.close());

  const person = () => {
    const userId = uuidv7();
    const ask = async (method: string, path: string, body?: unknown, more: Record<string, string> = {}) => {
      const response = await apps.public.request(`/api/v1/lobby${path}`, {
        method,
        headers: {
          authorization: `Bearer ${tokens.public}`,
          'x-user-id': userId,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...more,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    return { userId, ask };
  };
  // Serverless lobbies offer the example games.
  const game = {
    ...gameBody,
    engine_family: 'star-conquest',
    target_engine_version: '1.0.0',
    enrollment_ends_at: new Date(Date.now() + 30 * 86_400_000).toISOString(),
  };
  /** The intents of a game, as whoever consumes them finds them. */
  const intentsOf = async (gameId: string) => {
    const entries = await connection.xrange('notification:intents', '-', '+');
    return entries
      .map(([, fields]) =>
        Object.fromEntries(fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1]]] : []))),
      )
      .filter(({ payload }) => payload?.includes(gameId));
  };

  it('a game is made, opened, applied for, filled and found, and who is concerned is told once', async () => {
    const [owner, player] = [person(), person()];
    const key = { 'idempotency-key': uuidv7() };
    const made = await owner.ask('POST', '/games', game, key);
    expect(made.status).toBe(201);
    expect(await owner.ask('POST', '/games', game, key)).toEqual(made);
    expect(await owner.ask('POST', '/games', { ...game, game_name: 'Other' }, key)).toMatchObject({
      status: 409,
      body: { error: { code: 'idempotency_conflict' } },
    });
    const gameId = String(made.body.game_id);
    expect(await owner.ask('POST', `/games/${gameId}/open-enrollment`)).toMatchObject({ status: 200 });
    expect(await owner.ask('POST', `/games/${gameId}/open-enrollment`)).toMatchObject({
      status: 409,
      body: { error: { code: 'invalid_state' } },
    });

    const raceName = `Vögel ${uuidv7().slice(-6)}`;
    const applied = await player.ask('POST', `/games/${gameId}/applications`, { race_name: raceName });
    expect(applied.status).toBe(201);
    const approve = `/applications/${applied.body.application_id}/approve`;
    expect(await owner.ask('POST', approve)).toMatchObject({ status: 200 });
    expect(await owner.ask('POST', approve)).toMatchObject({
      status: 409,
      body: { error: { code: 'invalid_state' } },
    });
    const rival = await person().ask('POST', `/games/${gameId}/applications`, { race_name: raceName });
    expect(rival).toMatchObject({ status: 409, body: { error: { code: 'race_name_taken' } } });
    expect(await player.ask('GET', '/my/games')).toMatchObject({
      status: 200,
      body: { items: [{ game_id: gameId }] },
    });

    await apps.settled();
    const told = await vi.waitFor(
      async () => {
        const intents = await intentsOf(gameId);
        expect(intents).toHaveLength(2);
        return intents;
      },
      { timeout: 10_000 },
    );
    expect(told.map((intent) => intent.notification_type)).toEqual([
      'lobby.application.submitted',
      'lobby.application.approved',
    ]);
    expect(JSON.parse(told[1]?.payload ?? '')).toMatchObject({ game_id: gameId, race_name: raceName });
    expect(JSON.parse(told[1]?.recipient_user_ids ?? '')).toEqual([player.userId]);
  });

  it('many who apply at once each get their answer', async () => {
    const owner = person();
    const gameId = String((await owner.ask('POST', '/games', { ...game, max_players: 8 })).body.game_id);
    await owner.ask('POST', `/games/${gameId}/open-enrollment`);
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        person().ask('POST', `/games/${gameId}/applications`, {
          race_name: `Swarm ${gameId.slice(-5)} ${index}`,
        }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(201));
    await apps.settled();
    await vi.waitFor(async () => expect(await intentsOf(gameId)).toHaveLength(12), { timeout: 10_000 });
  });

  it('admins see how streams stand, and strangers nothing', async () => {
    const path = '/api/v1/internal/streams';
    const headers = { authorization: `Bearer ${tokens.internal}` };
    const seen = await apps.internal.request(path, { headers });
    expect(seen.status).toBe(200);
    const { items } = (await seen.json()) as { items: { consumer: string }[] };
    expect(items.map(({ consumer }) => consumer)).toContain('gm_events');
    expect((await apps.internal.request(path, {})).status).toBe(401);
    expect((await apps.public.request('/api/v1/lobby/games', {})).status).toBe(401);
  });
});
