// The Game Master for integration tests, on a database of the test file's own: its two HTTP apps alone, with a lobby and
// engines that the test hands in; or the whole process inside the test's, between a lobby and engines over HTTP.
import { join } from 'node:path';
import type pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { createGameMasterInternalApp } from '../../../handlers/game-master/internal-router.ts';
import { createGameMasterPublicApp } from '../../../handlers/game-master/public-router.ts';
import { freePort } from '../../../infra/local/child.ts';
import { createGameMaster, type GameMaster } from '../../../lib/game-master/context.ts';
import { openEngine } from '../../../lib/game-master/peers/engine.ts';
import type { EngineHost } from '../../../lib/game-master/peers/runtime-manager.ts';
import type { HttpApp } from '../../../lib/http/app.ts';
import type { Publish } from '../../../lib/outbox/outbox.ts';
import { databaseOn } from '../../../lib/postgres/database.ts';
import { migrate } from '../../../lib/postgres/migrate.ts';
import { type GmEvent, gmEventEntry } from '../../../lib/protocol/gm-events.ts';
import type { Redis } from '../../../lib/redis/client.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { runGameMaster } from '../../../workers/game-master.ts';
import { untilUp } from '../run/until-up.ts';
import { createTestDatabase, type Template } from '../stores/database.ts';
import { openDatabase } from '../stores/redis-databases.ts';
import { readTables, type Tables } from '../stores/tables.ts';
import { openTestPool } from '../stores/test-pool.ts';
import { testCatalogue, testCatalogueFile } from './catalogue.ts';

const folder = join(import.meta.dirname, '../../../drizzle/game-master/migrations');

/** The Game Master's schema, migrated. */
export const gameMasterTemplate: Template = {
  name: 'game_master',
  migrate: (dsn) => migrate({ dsn, folder, schema: 'game_master' }),
};

/** Generous, for a busy machine. */
export const waiting = { timeout: 18_000, interval: 10 };

export type Answer = [status: number, body: unknown];
type Call = (path: string, options?: { body?: unknown; headers?: Record<string, string> }) => Promise<Answer>;

/** Somebody who sends requests; paths go on after `/api/v1`, or after `/api/v1/internal` for an admin. */
export type Client = { get: Call; post: Call };

export type TestGameMaster = GameMaster & {
  dsn: string;
  pool: pg.Pool;
  publicApp: HttpApp;
  internalApp: HttpApp;
  player(userId: string): Client;
  /** The lobby, or an admin. */
  internal(headers?: Record<string, string>): Client;
  /** All rows of all tables, except those that are named. */
  tables(except?: string[]): Promise<Tables>;
  close(): Promise<void>;
};

/** A lobby that cannot be asked. */
const noLobby: GameMaster['lobby'] = {
  standing: async () => Promise.reject(new Error('the lobby cannot be asked')),
  access: async () => Promise.reject(new Error('the lobby cannot be asked')),
  async *games() {
    yield* [];
    throw new Error('the lobby cannot be asked');
  },
};

/** Where nothing runs engines. */
export const noEngineHost: EngineHost = {
  async ask() {
    throw new Error('the Runtime Manager cannot be asked');
  },
};

/** The Game Master without its workers. Without publishers messages of its outbox wait. */
export async function createTestGameMaster(
  options: Partial<
    Pick<GameMaster, 'lobby' | 'catalogue' | 'openEngine' | 'engineHost' | 'engineTimeoutMs'>
  > & {
    publishers?: Readonly<Record<string, Publish>>;
    streams?: Parameters<typeof createGameMaster>[0]['streams'];
  } = {},
): Promise<TestGameMaster> {
  const database = await createTestDatabase(gameMasterTemplate);
  const pool = openTestPool(database.dsn);
  const log = createLogger({ service: 'test', level: 'silent' });
  const gameMaster = createGameMaster({
    db: databaseOn(pool),
    lobby: noLobby,
    catalogue: testCatalogue,
    openEngine,
    engineHost: noEngineHost,
    engineTimeoutMs: 5_000,
    newId: () => uuidv7(),
    log,
    ...options,
    publishers: options.publishers ?? {},
    streams: options.streams ?? { consumers: [], states: async () => [], requeue: async () => {} },
  });
  const httpOptions = { log, ready: () => true, bodyLimitBytes: 1024 * 1024 };
  const publicApp = createGameMasterPublicApp(httpOptions, gameMaster);
  const internalApp = createGameMasterInternalApp(httpOptions, gameMaster);
  return {
    ...gameMaster,
    dsn: database.dsn,
    pool,
    publicApp,
    internalApp,
    player: (userId) => client(publicApp, '/api/v1', { 'x-user-id': userId }),
    internal: (headers = {}) => client(internalApp, '/api/v1/internal', headers),
    tables: (except) => readTables(pool, ['game_master'], except),
    async close() {
      await gameMaster.outbox.settled();
      await pool.end();
      await database.drop();
    },
  };
}

function client(app: HttpApp, prefix: string, identity: Record<string, string>): Client {
  const call =
    (method: string): Call =>
    async (path, { body, headers = {} } = {}) => {
      const response = await app.request(
        `${prefix}${path}`,
        requestOf(method, body, { ...identity, ...headers }),
      );
      return [response.status, await response.json()];
    };
  return { get: call('GET'), post: call('POST') };
}

function requestOf(method: string, body: unknown, headers: Record<string, string>): RequestInit {
  if (body === undefined) return { method, headers };
  return {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  };
}

/** The whole Game Master, listening. */
export type RunningGameMaster = {
  /** Of the internal listener. */
  readonly url: string;
  /** Of the players' listener. */
  readonly publicUrl: string;
  /** To the internal listener. @returns status and body of the response. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** To the players' listener, as this user. */
  player(userId: string): Client;
  /** Ends it as SIGTERM does; resolves when it has drained. */
  stop(): Promise<void>;
};

/** A logical database of a Redis. */
export type RedisDatabase = { addr: string; port: number; password: string; db: number };

export function gameMasterVariables(
  { dsn, redis }: { dsn: string; redis: Pick<RedisDatabase, 'addr' | 'password' | 'db'> },
  lobbyUrl: string,
): Record<string, string> {
  return {
    GM_LOBBY_BASE_URL: lobbyUrl,
    GM_ENGINES_FILE: testCatalogueFile(),
    GM_POSTGRES_PRIMARY_DSN: dsn,
    GM_REDIS_ADDR: redis.addr,
    GM_REDIS_PASSWORD: redis.password,
    GM_REDIS_DB: String(redis.db),
    GM_OUTBOX_RELAY_INTERVAL: '100ms',
    GM_RECOVERY_INTERVAL: '100ms',
    GM_LOG_LEVEL: 'silent',
  };
}

/** @param variables an empty one counts as not set. */
export async function startTestGameMaster(variables: Record<string, string>): Promise<RunningGameMaster> {
  const port = await freePort();
  const publicPort = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const publicUrl = `http://127.0.0.1:${publicPort}`;
  const terminate = new AbortController();
  const running = runGameMaster(
    {
      GM_HTTP_ADDR: `127.0.0.1:${port}`,
      GM_PUBLIC_HTTP_ADDR: `127.0.0.1:${publicPort}`,
      ...variables,
    },
    terminate.signal,
  );
  await untilUp(async () => (await fetch(`${url}/readyz`)).ok, running);
  const ask = async (to: string, request: RequestInit): Promise<Answer> => {
    const response = await fetch(to, request);
    return [response.status, await response.json()];
  };
  return {
    url,
    publicUrl,
    post: (path, body, headers = {}) => ask(`${url}${path}`, requestOf('POST', body, headers)),
    get: (path, headers = {}) => ask(`${url}${path}`, { headers }),
    player(userId) {
      const call =
        (method: string): Call =>
        (path, { body, headers = {} } = {}) =>
          ask(`${publicUrl}/api/v1${path}`, requestOf(method, body, { 'x-user-id': userId, ...headers }));
      return { get: call('GET'), post: call('POST') };
    },
    stop: () => {
      terminate.abort();
      return running;
    },
  };
}

export const registrationPath = (gameId: string) => `/api/v1/internal/games/${gameId}/register-runtime`;

/** A game as the lobby's standing has it. */
export type StandingGame = {
  game_id: string;
  runtime_job_id: string | null;
  container_id: string | null;
  engine_endpoint: string | null;
  turn_schedule: string | null;
  time_zone: string;
  turn_seconds: number | null;
  min_turn_seconds: number | null;
  quiet_days: readonly number[];
  grace_seconds: number;
  early: 'all_ready' | 'off';
  spectators: boolean;
  options: Readonly<Record<string, unknown>>;
  game_name: string;
  owner_user_id: string | null;
  seats: readonly { seat: number; user_id: string; race_name: string }[];
};

/** What the lobby sends when it hands a game over. */
export function registrationOf(game: StandingGame) {
  const { runtime_job_id, container_id, engine_endpoint, turn_schedule, time_zone, turn_seconds } = game;
  const { min_turn_seconds, quiet_days, grace_seconds } = game;
  const { early, spectators, options, game_name, owner_user_id, seats } = game;
  return {
    runtime_job_id,
    container_id,
    engine_endpoint,
    turn_schedule,
    time_zone,
    players: seats.map(({ seat, user_id, race_name }) => ({ user_id, race_name, seat })),
    turn_seconds,
    min_turn_seconds,
    quiet_days,
    grace_seconds,
    early,
    spectators,
    options,
    game_name,
    owner_user_id,
  };
}

export type PublishedEvent = GmEvent & { traceparent: string };

/** Reads the events that the Game Master has published to the lobby. */
export class PublishedEvents {
  readonly #redis: Redis;

  private constructor(redis: Redis) {
    this.#redis = redis;
  }

  static async of(redis: RedisDatabase): Promise<PublishedEvents> {
    return new PublishedEvents(await openDatabase(redis, redis.db));
  }

  /** All events of one game, in order, repeats included. */
  async all(gameId: string): Promise<PublishedEvent[]> {
    const entries = await this.#redis.xrange('gm:lobby_events', '-', '+');
    return entries.map(([, fields]) => readEvent(fields)).filter((event) => event.game_id === gameId);
  }

  /** The same without repeats. */
  async once(gameId: string): Promise<PublishedEvent[]> {
    const byId = new Map<string, PublishedEvent>();
    for (const event of await this.all(gameId)) {
      if (!byId.has(event.event_id)) byId.set(event.event_id, event);
    }
    return [...byId.values()];
  }

  /** The same as texts such as `3 ok`, `3 unreachable`, `10 finished`, in order of first publication. */
  async story(gameId: string): Promise<string[]> {
    return (await this.once(gameId)).map((event) =>
      event.event_type === 'game_finished'
        ? `${event.turn} finished`
        : `${event.turn} ${event.engine_health}`,
    );
  }

  close(): void {
    this.#redis.disconnect();
  }
}

export function readEvent(fields: string[]): PublishedEvent {
  const named: Record<string, string> = {};
  for (let index = 0; index < fields.length; index += 2) named[fields[index] ?? ''] = fields[index + 1] ?? '';
  const { traceparent = 'absent', ...rest } = named;
  return { ...gmEventEntry.decode(rest as never), traceparent };
}
