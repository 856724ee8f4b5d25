// The lobby for integration tests: its two HTTP apps on a database of the test file's own, a clock that tests turn, and
// a User Service whose answers tests choose.

import { join } from 'node:path';
import type pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { inject } from 'vitest';
import { createLobbyInternalApp } from '../../../handlers/lobby/internal-router.ts';
import { createLobbyPublicApp } from '../../../handlers/lobby/public-router.ts';
import type { EngineCatalogue } from '../../../lib/engine/catalogue.ts';
import type { HttpApp } from '../../../lib/http/app.ts';
import { createLobby, type Lobby } from '../../../lib/lobby/context.ts';
import type { Eligibility } from '../../../lib/lobby/domain/eligibility.ts';
import { inProcessRaceNames } from '../../../lib/lobby/in-process/race-names.ts';
import type { EligibilityClient } from '../../../lib/lobby/peers/eligibility.ts';
import type { GameMaster } from '../../../lib/lobby/peers/game-master.ts';
import type { Db } from '../../../lib/lobby/store/database.ts';
import type { Publish } from '../../../lib/outbox/outbox.ts';
import { databaseOn } from '../../../lib/postgres/database.ts';
import { migrate } from '../../../lib/postgres/migrate.ts';
import type { Replicas } from '../../../lib/replicas/replicas.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { testCatalogue } from '../engines/catalogue.ts';
import { checkNotifications } from '../gateway/event-check.ts';
import { type OperatorName, operatorHeaders, operatorIds, operatorOptions } from '../operators.ts';
import { createTestDatabase, type Template } from '../stores/database.ts';
import { readTables, type Tables } from '../stores/tables.ts';
import { openTestPool } from '../stores/test-pool.ts';
import { createResponseCheck } from './response-check.ts';

const folder = join(import.meta.dirname, '../../../drizzle/lobby/migrations');

/** The lobby's schema, migrated. */
export const lobbyTemplate: Template = {
  name: 'lobby',
  migrate: (dsn) => migrate({ dsn, folder, schema: 'lobby' }),
};

export type Answer = { status: number; body: unknown; etag: string | null };
type Call = (path: string, options?: { body?: unknown; headers?: Record<string, string> }) => Promise<Answer>;

/** Every answer that a test gets is held to the published description of the API. */
const checkResponse = createResponseCheck([inject('apis').lobbyPublic, inject('apis').lobbyInternal]);

/** Somebody who sends requests. */
export type Client = { userId: string; get: Call; post: Call; patch: Call };

export type TestLobby = Lobby & {
  dsn: string;
  pool: pg.Pool;
  clock: Clock;
  users: TestUsers;
  publicApp: HttpApp;
  internalApp: HttpApp;
  /** A new user on the public listener. */
  player(): Client;
  /** An admin on the internal listener. */
  admin(name?: OperatorName): Client;
  /** An admin who looks after the streams. */
  operator(name?: OperatorName): Client;
  /** Rows of tables whose growth is no business state (`idempotency_keys`) can be left out by name. */
  tables(options?: { except: string[] }): Promise<Tables>;
  close(): Promise<void>;
};

export const raceNameBackends = ['postgres', 'stub'] as const;
export type RaceNameBackend = (typeof raceNameBackends)[number];

/** Of a lobby whose tests ask for none. */
const noStreams = { consumers: [], states: async () => [] };

/** What a test file wants otherwise than usual. Without publishers messages of the outbox wait. */
export type TestLobbyOptions = {
  eligibility?: EligibilityClient;
  gameMaster?: GameMaster;
  publishers?: Readonly<Record<string, Publish>>;
  streams?: Parameters<typeof createLobby>[0]['streams'];
  replicas?: Replicas<Db>;
  raceNames?: RaceNameBackend;
  minTurnIntervalMs?: number;
  catalogue?: EngineCatalogue;
};

export async function createTestLobby(options: TestLobbyOptions = {}): Promise<TestLobby> {
  const database = await createTestDatabase(lobbyTemplate);
  const pool = openTestPool(database.dsn);
  const clock = createClock();
  const users = createTestUsers();
  const log = createLogger({ service: 'test', level: 'silent' });
  const lobby = createLobby({
    database: databaseOn(pool),
    ...(options.replicas && { replicas: options.replicas }),
    eligibility: options.eligibility ?? users,
    // One that is always there and takes everything.
    gameMaster: options.gameMaster ?? { probe: async () => {}, register: async () => {} },
    publishers: options.publishers ?? {},
    streams: options.streams ?? noStreams,
    startTimeoutMs: 300_000,
    underfilledGraceMs: 14 * 86_400_000,
    minTurnIntervalMs: options.minTurnIntervalMs ?? 900_000,
    catalogue: options.catalogue ?? testCatalogue,
    now: clock.now,
    newId: () => uuidv7(),
    log,
    inProcessRaceNames: options.raceNames === 'stub' ? inProcessRaceNames([]) : undefined,
  });
  const httpOptions = {
    log,
    ready: () => true,
    bodyLimitBytes: 65_536,
  };
  const publicApp = createLobbyPublicApp(httpOptions, lobby);
  const internalApp = createLobbyInternalApp({ ...httpOptions, ...operatorOptions }, lobby);
  return {
    ...lobby,
    dsn: database.dsn,
    pool,
    clock,
    users,
    publicApp,
    internalApp,
    player() {
      const userId = uuidv7();
      return client(publicApp, '/api/v1/lobby', userId, async () => ({ 'x-user-id': userId }));
    },
    admin: (name = 'ada') =>
      client(internalApp, '/api/v1/internal/lobby', operatorIds[name], () => operatorHeaders('lobby', name)),
    operator: (name = 'ada') =>
      client(internalApp, '/api/v1/internal', operatorIds[name], () => operatorHeaders('lobby', name)),
    tables: (except) => readTables(pool, ['lobby'], except?.except),
    close: async () => {
      await lobby.outbox.settled();
      await checkNotifications(pool, 'lobby.outbox').finally(() => pool.end());
      await database.drop();
    },
  };
}

function client(
  app: HttpApp,
  prefix: string,
  userId: string,
  identity: () => Promise<Record<string, string>>,
): Client {
  const call =
    (method: string): Call =>
    async (path, { body, headers = {} } = {}) => {
      const json = body === undefined ? {} : { 'content-type': 'application/json' };
      const response = await app.request(`${prefix}${path}`, {
        method,
        headers: { ...(await identity()), ...json, ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const answer = {
        status: response.status,
        body: await response.json(),
        etag: response.headers.get('etag'),
      };
      checkResponse(method, `${prefix}${path}`, answer.status, answer.body);
      return answer;
    };
  return { userId, get: call('GET'), post: call('POST'), patch: call('PATCH') };
}

export type Clock = { now: () => Date; set(time: Date): void; advance(ms: number): void };

/** Stands still unless it is turned. */
function createClock(): Clock {
  let time = Date.parse('2031-05-01T12:00:00.000Z');
  return {
    now: () => new Date(time),
    set: (to) => {
      time = to.getTime();
    },
    advance: (ms) => {
      time += ms;
    },
  };
}

export type TestUsers = EligibilityClient & {
  /** How often the User Service was asked. */
  lookups: () => number;
  /** What it says about a user from now on; everybody else may do everything. */
  restrict(userId: string, rights: Partial<Eligibility>): void;
  /** What it does from now on instead of answering; undefined: answers again. */
  failWith(error: Error | undefined): void;
};

function createTestUsers(): TestUsers {
  const restricted = new Map<string, Partial<Eligibility>>();
  let asked = 0;
  let failure: Error | undefined;
  return {
    async lookup(userId) {
      asked += 1;
      if (failure) throw failure;
      return {
        userId,
        canCreatePublicGame: true,
        canCreatePrivateGame: true,
        canJoinGame: true,
        maxOwnedGames: 1_000,
        maxActiveMemberships: 1_000,
        maxRegisteredRaceNames: 10,
        ...restricted.get(userId),
      };
    },
    lookups: () => asked,
    restrict: (userId, rights) => restricted.set(userId, rights),
    failWith: (error) => {
      failure = error;
    },
  };
}
