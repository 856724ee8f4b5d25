// Every route of the internal listeners that changes something for an operator leaves an entry in the audit log. The routes
// are those of the published API documents; one for which there is no request here fails.
import { readdirSync, readFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGameMasterInternalApp } from '../../handlers/game-master/internal-router.ts';
import type { HttpApp } from '../../lib/http/app.ts';
import { consumerStreams } from '../../lib/lobby/process/consumer-streams.ts';
import type { Audience } from '../../lib/operators/assertion.ts';
import { changes, isForServices, permissionFor } from '../../lib/operators/permissions.ts';
import type { Role } from '../../lib/operators/roles.ts';
import type { Redis } from '../../lib/redis/client.ts';
import { startTestBackend, type TestBackend, TestDevice } from '../support/backend/backend.ts';
import { createPlayStage, type PlayStage } from '../support/game-master/play-stage.ts';
import { createTestLobby, type TestLobby } from '../support/lobby/lobby.ts';
import { streams } from '../support/lobby/stage.ts';
import { makeGrantable, usualRequest } from '../support/lobby/world.ts';
import { operatorHeaders, operatorIds, operatorOptions } from '../support/operators.ts';
import { createTestRedis, type TestRedis } from '../support/stores/redis.ts';
import { connectRedis } from '../support/stores/stream-consumer.ts';

const folder = joinPath(import.meta.dirname, '../../proto/openapi');
const documents = readdirSync(folder).filter((file) => /-(internal|admin)\.json$/.test(file));

type Route = { document: string; operationId: string; method: string; path: string };
const mutating: Route[] = documents.flatMap((document) => {
  const { paths } = JSON.parse(readFileSync(joinPath(folder, document), 'utf8')) as {
    paths: Record<string, Record<string, { operationId: string }>>;
  };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([method]) => method !== 'get')
      .map(([method, { operationId }]) => ({ document, operationId, method: method.toUpperCase(), path })),
  );
});
const forOperators = mutating.filter(({ operationId }) => !isForServices(permissionFor(operationId)));

/** POST routes that change nothing, and why they are no GET. */
const readsByPost: Readonly<Record<string, string>> = {
  previewClock: 'calculates times of a clock, which is too much for a query',
};

let server: TestRedis;
let redis: Redis;
let backend: TestBackend;
let lobby: TestLobby;
let stage: PlayStage;
let gameMasterApp: HttpApp;
beforeAll(async () => {
  server = await createTestRedis();
  redis = await connectRedis(server);
  [backend, lobby, stage] = await Promise.all([
    startTestBackend({ redis }),
    createTestLobby({
      streams: { consumers: Object.values(consumerStreams(streams)), states: async () => [] },
    }),
    createPlayStage(),
  ]);
  // Without an owner no operator can be changed.
  await newOperator('owner');
  const { gm } = stage;
  const options = { log: gm.log, ready: () => true, bodyLimitBytes: 65_536, ...operatorOptions };
  const consumers = [
    {
      name: 'game_changes',
      stream: streams.gameChanges,
      offsetKey: 'game_master:stream_offsets:game_changes',
    },
  ];
  gameMasterApp = createGameMasterInternalApp(options, {
    ...gm,
    // engine-requests.test.ts has a real Runtime Manager.
    engineHost: { ask: async () => ({ kind: 'restarting' }) },
    streams: { ...gm.streams, consumers },
  });
}, 60_000);
afterAll(async () => {
  await Promise.all([backend.close(), lobby.close(), stage.close()]);
  redis.disconnect();
  await server.drop();
});

type Sent = { params?: Record<string, string>; body?: unknown; headers?: Record<string, string> };
type Service = {
  audience: Audience;
  schema: string;
  app: () => HttpApp;
  query: (text: string, values: unknown[]) => Promise<{ rows: Record<string, unknown>[] }>;
  /** A request of an operation that is granted; undefined for an operation that is not known here. */
  request: (route: Route) => Promise<Sent> | undefined;
};

const services: Readonly<Record<string, Service>> = {
  'backend-admin.json': {
    audience: 'backend',
    schema: 'backend',
    app: () => backend.adminApp,
    query: (text, values) => backend.pool.query(text, values),
    request: ({ operationId }) => ofBackend[operationId]?.(),
  },
  'lobby-internal.json': {
    audience: 'lobby',
    schema: 'lobby',
    app: () => lobby.internalApp,
    query: (text, values) => lobby.pool.query(text, values),
    request: ofLobby,
  },
  'game-master-internal.json': {
    audience: 'game-master',
    schema: 'game_master',
    app: () => gameMasterApp,
    query: (text, values) => stage.pool.query(text, values),
    request: ({ operationId }) => ofGameMaster[operationId]?.(),
  },
};

const reason = { reason: 'a complaint' };

async function newUser(): Promise<{ user_id: string; device_session_id: string }> {
  const { userId, deviceSessionId } = await new TestDevice(backend).signIn(`${uuidv7()}@example.com`);
  return { user_id: userId, device_session_id: deviceSessionId };
}

async function newOperator(role: Role = 'viewer'): Promise<{ operator_id: string }> {
  const { rows } = await backend.pool.query(
    `insert into backend.operators (operator_id, name, email, roles, created_at)
     values (gen_random_uuid(), 'Olga', gen_random_uuid() || '@example.com', array[$1], now())
     returning operator_id`,
    [role],
  );
  return rows[0];
}

async function newDeadLetter(document: string, consumer: string): Promise<{ dead_letter_id: string }> {
  const { schema, query } = services[document] as Service;
  const { rows } = await query(
    `insert into ${schema}.dead_letters (dead_letter_id, consumer, entry_id, fields, reason)
     values (gen_random_uuid(), $1, gen_random_uuid(), '{"event_id": "x"}', 'unknown') returning dead_letter_id`,
    [consumer],
  );
  return { dead_letter_id: String(rows[0]?.dead_letter_id) };
}

const ofBackend: Readonly<Record<string, () => Promise<Sent>>> = {
  blockUser: async () => ({ params: await newUser(), body: { reason_code: 'abuse' } }),
  deleteUser: async () => ({ params: await newUser(), body: { reason_code: 'abuse' } }),
  setEntitlements: async () => ({ params: await newUser(), body: { max_owned_games: 3 } }),
  revokeUserSessions: async () => ({ params: await newUser() }),
  revokeAnySession: async () => ({ params: await newUser() }),
  addOperator: async () => ({
    body: { name: 'Olga', email: `${uuidv7()}@example.com`, roles: ['viewer'] },
  }),
  resetOperator: async () => ({ params: await newOperator() }),
  disableOperator: async () => ({ params: await newOperator() }),
  setOperatorRoles: async () => ({ params: await newOperator(), body: { roles: ['support'] } }),
  retryDeadLetter: async () => ({
    params: await newDeadLetter('backend-admin.json', 'notification_intents'),
  }),
  discardDeadLetter: async () => ({ params: await newDeadLetter('backend-admin.json', 'any') }),
};

const ofGameMaster: Readonly<Record<string, () => Promise<Sent>>> = {
  playTurnNow: async () => ({ params: await openTurn(), body: { turn: 1, ...reason } }),
  delayTurn: async () => ({ params: await openTurn(), body: { turn: 1, seconds: 3_600, ...reason } }),
  restartEngine: async () => ({ params: await openTurn(), body: reason }),
  retryDeadLetter: async () => ({ params: await newDeadLetter('game-master-internal.json', 'game_changes') }),
  discardDeadLetter: async () => ({ params: await newDeadLetter('game-master-internal.json', 'any') }),
};

async function openTurn(): Promise<{ game_id: string }> {
  const { gameId } = await stage.game({ seats: 2 });
  return { game_id: gameId };
}

/** What the lobby does for operators alone; a request of the rest is that of a player who manages the game. */
const ofLobbyAlone: Readonly<Record<string, () => Promise<Sent>>> = {
  correctGame: async () => {
    const { world } = await makeGrantable(lobby, 'POST /games/{game_id}/correct');
    return { params: { game_id: world.publicId }, body: { game_name: 'Orion Spur', ...reason } };
  },
  releaseRaceName: async () => ({ params: { race_name_id: await leftName() }, body: reason }),
  renameRaceName: async () => {
    const { world } = await makeGrantable(lobby, 'POST /race-names/register');
    const body = { race_name_id: world.raceNameId };
    expect(await world.member.post('/race-names/register', { body })).toMatchObject({ status: 200 });
    return { params: body, body: { race_name: newName(), ...reason } };
  },
  withholdRaceName: async () => ({ body: { race_name: newName(), ...reason } }),
  giveBackRaceName: async () => {
    const { body } = await lobby
      .admin()
      .post('/withheld-race-names', { body: { race_name: newName(), ...reason } });
    const { withheld_name_id } = body as { withheld_name_id: string };
    return { params: { withheld_name_id }, body: reason };
  },
  retryDeadLetter: async () => ({ params: await newDeadLetter('lobby-internal.json', 'gm_events') }),
  discardDeadLetter: async () => ({ params: await newDeadLetter('lobby-internal.json', 'any') }),
};

const newName = () => `N ${uuidv7().slice(-12)}`;

async function leftName(): Promise<string> {
  return (await makeGrantable(lobby, 'POST /race-names/register')).world.raceNameId;
}

function ofLobby({ operationId, method, path }: Route): Promise<Sent> | undefined {
  return (
    ofLobbyAlone[operationId]?.() ?? ofManagers(`${method} ${path.replace('/api/v1/internal/lobby', '')}`)
  );
}

async function ofManagers(operation: string): Promise<Sent> {
  const { world, changes } = await makeGrantable(lobby, operation);
  const { params, body } = { ...usualRequest(world, operation), ...changes };
  return {
    params: { ...usualRequest(world, operation).params, ...params },
    body,
    headers: changes.headers ?? {},
  };
}

it('the documents are those of all internal listeners', () => {
  expect(documents.toSorted()).toEqual(Object.keys(services).toSorted());
  expect(forOperators.length).toBeGreaterThan(35);
});

describe.each(forOperators)('$document $operationId', (route) => {
  const { document, operationId, method, path } = route;
  if (!changes(permissionFor(operationId))) {
    it('changes nothing', () => expect(readsByPost).toHaveProperty(operationId));
    return;
  }

  it('leaves an entry with who, why and what', async () => {
    const service = services[document];
    const sent = await service?.request(route);
    if (service === undefined || sent === undefined)
      throw new Error(`there is no request of ${operationId} here: add one, so that its entry is seen`);
    const url = path.replaceAll(/\{(\w+)\}/g, (_, name) => sent.params?.[name] ?? name);
    const requestId = uuidv7();
    const response = await service.app().request(url, {
      method,
      headers: {
        ...(await operatorHeaders(service.audience)),
        'x-request-id': requestId,
        ...(sent.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...sent.headers,
      },
      ...(sent.body === undefined ? {} : { body: JSON.stringify(sent.body) }),
    });
    expect(response.status, await response.text()).toBeLessThan(300);
    const { rows } = await service.query(
      `select operator_id, reason, action, subject_id from ${service.schema}.audit_entries where request_id = $1`,
      [requestId],
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const entry of rows) {
      expect(entry).toEqual({
        operator_id: operatorIds.ada,
        reason: 'a test – «why»',
        action: expect.stringMatching(/^[a-z_]+\.[a-z_]+$/),
        subject_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      });
    }
  });
});
