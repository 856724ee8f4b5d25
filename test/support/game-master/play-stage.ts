// The Game Master's two HTTP apps on a database of the test file's own, between a lobby and engines of the test. No turn
// worker runs: what is due waits.

import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, inject } from 'vitest';
import { createGameMasterInternalApp } from '../../../handlers/game-master/internal-router.ts';
import { createGameMasterPublicApp } from '../../../handlers/game-master/public-router.ts';
import type { EngineCatalogue } from '../../../lib/engine/catalogue.ts';
import { createGameMaster, type GameMaster } from '../../../lib/game-master/context.ts';
import { openEngine } from '../../../lib/game-master/peers/engine.ts';
import { createLobbyClient } from '../../../lib/game-master/peers/lobby.ts';
import type { Tx } from '../../../lib/game-master/store/database.ts';
import { type LockedGame, lockGame, saveGame } from '../../../lib/game-master/store/games.ts';
import { ordersGiven } from '../../../lib/game-master/store/orders.ts';
import { seatsOf } from '../../../lib/game-master/store/seats.ts';
import { closeTurn, reasonToClose } from '../../../lib/game-master/turns/close-turn.ts';
import { playClosedTurn } from '../../../lib/game-master/turns/play-turn.ts';
import type { HttpApp } from '../../../lib/http/app.ts';
import type { Publish } from '../../../lib/outbox/outbox.ts';
import { databaseOn } from '../../../lib/postgres/database.ts';
import { migrate } from '../../../lib/postgres/migrate.ts';
import { inTransaction } from '../../../lib/postgres/transaction.ts';
import { logSettings } from '../../../lib/telemetry/log-settings.ts';
import { testCatalogue } from '../engines/catalogue.ts';
import { noEngineHost } from '../engines/game-master.ts';
import { checkNotifications } from '../gateway/event-check.ts';
import { createResponseCheck } from '../lobby/response-check.ts';
import { operatorOptions } from '../operators.ts';
import { createTestDatabase } from '../stores/database.ts';
import { BidEngine, manifest } from './bid-engine.ts';
import { type LobbyGame, LobbyServer } from './lobby-server.ts';

/** Every response to a player is held to the published description of the API. */
const checkResponse = createResponseCheck([inject('apis').gameMaster]);

const folder = join(import.meta.dirname, '../../../drizzle/game-master/migrations');

export type Reply = { readonly status: number; readonly body: Record<string, unknown> };
type Headers = Readonly<Record<string, string>>;

/** Somebody who sends requests about one game. */
export type Sender = {
  get(path: string): Promise<Reply>;
  post(path: string, body: unknown, headers?: Headers): Promise<Reply>;
};

export type PlayedGame = {
  readonly gameId: string;
  /** Users by seat; the first one has seat 1. */
  readonly users: readonly string[];
  /** The holder of a seat. */
  player(seat: number): Sender;
  user(userId: string): Sender;
  admin(): Sender;
  /** Changes columns of the game in PostgreSQL. */
  set(columns: string): Promise<void>;
};

export type PlayStage = Awaited<ReturnType<typeof createPlayStage>>;

type StageOptions = {
  readonly engineTimeoutMs?: number;
  readonly catalogue?: EngineCatalogue;
  /** Of the outbox; without them messages stay in it. */
  readonly publishers?: Readonly<Record<string, Publish>>;
};

/** The stage of this test file, once its tests run. */
export let stage: PlayStage;

/**
 * Opens the stage before the tests of the file, and closes it after them. After each, once its own hooks have run, engines
 * and lobby behave again.
 */
export function usePlayStage(options: StageOptions = {}): void {
  beforeAll(async () => {
    stage = await createPlayStage(options);
  });
  afterEach(() => {
    stage.engine.misbehaviour = () => false;
    stage.lobby.failure = undefined;
  });
  afterAll(() => stage.close());
}

export async function createPlayStage({
  engineTimeoutMs = 5_000,
  catalogue = testCatalogue,
  publishers = {},
}: StageOptions = {}) {
  const database = await createTestDatabase({
    name: 'game_master',
    migrate: (dsn) => migrate({ dsn, folder, schema: 'game_master' }),
  });
  const pool = new pg.Pool({ connectionString: database.dsn, max: 20, statement_timeout: 15_000 });
  const lobby = await new LobbyServer().start();
  const engine = await new BidEngine().start();
  const logged: string[] = [];
  const log = pino({ ...logSettings, level: 'trace' }, { write: (line: string) => void logged.push(line) });
  const gm = createGameMaster({
    db: databaseOn(pool),
    lobby: createLobbyClient({ baseUrl: lobby.url, timeoutMs: 5_000 }),
    catalogue,
    openEngine,
    engineHost: noEngineHost,
    publishers,
    streams: { consumers: [], states: async () => [], requeue: async () => {} },
    engineTimeoutMs,
    newId: () => uuidv7(),
    log,
  });
  const options = { log, ready: () => true, bodyLimitBytes: 128 * 1024 };
  const publicApp = createGameMasterPublicApp(options, gm);
  const internalApp = createGameMasterInternalApp({ ...options, ...operatorOptions }, gm);
  const closeDue = (gameId: string): Promise<void> =>
    lockedIn(gm, gameId, async (tx, locked) => {
      const [seats, given] = [await seatsOf(tx, gameId), await ordersGiven(tx, gameId)];
      const reason = reasonToClose(locked, seats, given);
      if (reason === undefined) throw new Error('no turn is due');
      await saveGame(tx, await closeTurn(tx, locked, { seats, given, reason }));
    });

  return {
    gm,
    pool,
    lobby,
    engine,
    /** Lines of the log. */
    logged,
    publicApp,

    /** A game whose first turn is open, as a turn worker leaves it after the set-up. */
    async game(settings: {
      seats: number;
      awaiting?: readonly number[];
      lastTurn?: number;
      spectators?: boolean;
      spectatorView?: boolean;
      public?: boolean;
      /** A new one unless given. */
      gameId?: string;
    }): Promise<PlayedGame> {
      const gameId = settings.gameId ?? uuidv7();
      const runtimeJobId = uuidv7();
      const users = Array.from({ length: settings.seats }, () => uuidv7());
      const seats = users.map((_, index) => index + 1);
      const awaiting = settings.awaiting ?? seats;
      const endpoint = engine.setUp(gameId, { seats, awaiting, lastTurn: settings.lastTurn ?? 100 });
      lobby.games.set(gameId, {
        status: 'running',
        runtimeJobId,
        ownerUserId: uuidv7(),
        spectators: settings.spectators ?? false,
        public: settings.public ?? true,
        seats: new Map(users.map((userId, index) => [userId, index + 1])),
        members: new Set(),
      });
      const prefix = `/api/v1/internal/games/${gameId}`;
      const registered = await sender(internalApp, prefix, {}).post('/register-runtime', {
        runtime_job_id: runtimeJobId,
        container_id: 'container',
        engine_endpoint: endpoint,
        turn_schedule: null,
        time_zone: 'UTC',
        turn_seconds: 3_600,
        players: users.map((user_id, index) => ({ user_id, race_name: `Race ${index + 1}` })),
      });
      if (registered.status !== 200) throw new Error(JSON.stringify(registered));
      const set = async (columns: string) => {
        await pool.query(`update game_master.games set ${columns} where game_id = $1`, [gameId]);
      };
      const shown = { ...manifest, spectator_view: settings.spectatorView ?? true };
      await set(`phase = 'open', manifest = '${JSON.stringify(shown)}', awaiting = '{${awaiting}}',
        opened_at = now(), due_at = now() + interval '1 hour', next_attempt_at = now() + interval '1 hour'`);
      const user = (userId: string) => sender(publicApp, `/api/v1/games/${gameId}`, { 'x-user-id': userId });
      return {
        gameId,
        users,
        user,
        player: (seat) => user(users[seat - 1] ?? 'nobody'),
        admin: () => sender(internalApp, prefix, {}),
        set,
      };
    },

    /** A game that was registered, and whose engine has not been set up. @returns its id, and users by seat. */
    async registered(settings: {
      seats: number;
      lastTurn: number;
      turnSeconds?: number;
      options?: Record<string, unknown>;
      engine?: LobbyGame['engine'];
      /** Of the last report that the lobby knows of. */
      reportSeq?: number;
    }): Promise<{ gameId: string; users: readonly string[] }> {
      const gameId = uuidv7();
      const runtimeJobId = uuidv7();
      const users = Array.from({ length: settings.seats }, () => uuidv7());
      lobby.games.set(gameId, {
        status: 'running',
        runtimeJobId,
        ownerUserId: users[0] ?? '',
        spectators: true,
        public: true,
        seats: new Map(users.map((userId, index) => [userId, index + 1])),
        members: new Set(),
        engine: settings.engine,
        ...(settings.reportSeq === undefined ? {} : { reportSeq: settings.reportSeq }),
      });
      const registered = await sender(internalApp, `/api/v1/internal/games/${gameId}`, {}).post(
        '/register-runtime',
        {
          runtime_job_id: runtimeJobId,
          container_id: 'container',
          engine_endpoint: engine.empty(gameId, settings.lastTurn),
          turn_schedule: null,
          time_zone: 'UTC',
          turn_seconds: settings.turnSeconds ?? 3_600,
          game_name: 'Bids',
          owner_user_id: users[0],
          options: settings.options ?? {},
          players: users.map((user_id, index) => ({
            user_id,
            race_name: `Race ${index + 1}`,
            seat: index + 1,
          })),
        },
      );
      if (registered.status !== 200) throw new Error(JSON.stringify(registered));
      return { gameId, users };
    },

    player: (gameId: string, userId: string) =>
      sender(publicApp, `/api/v1/games/${gameId}`, { 'x-user-id': userId }),

    admin: (gameId: string) => sender(internalApp, `/api/v1/internal/games/${gameId}`, {}),

    /** The row of a game. */
    async row(gameId: string): Promise<Record<string, unknown>> {
      const { rows } = await pool.query('select * from game_master.games where game_id = $1', [gameId]);
      return rows[0];
    },

    /** Messages in the outbox about a game, in their order. */
    async messages(gameId: string): Promise<{ kind: string; payload: Record<string, unknown> }[]> {
      const { rows } = await pool.query(
        'select kind, payload from game_master.outbox where ordering_key = $1 order by position',
        [gameId],
      );
      return rows;
    },

    /** What is stored of the orders of a game: seat, state and value. */
    async stored(gameId: string): Promise<unknown[]> {
      const { rows } = await pool.query(
        'select seat, turn, ready, orders from game_master.orders where game_id = $1 order by seat',
        [gameId],
      );
      return rows;
    },

    /** Closes a turn whose time has come, as a turn worker does. */
    closeDue,

    /** Closes a turn whose time has come and plays it, as a turn worker does. */
    async playDue(gameId: string): Promise<void> {
      await closeDue(gameId);
      const played = await playClosedTurn(gm, gameId, { timeoutMs: 5_000 });
      if (played !== 'played') throw new Error(`the turn is ${played}`);
    },

    async close(): Promise<void> {
      await gm.outbox.settled();
      await checkNotifications(pool, 'game_master.outbox').finally(() => pool.end());
      await Promise.all([lobby.stop(), engine.stop()]);
      await database.drop();
    },
  };
}

/** A transaction that has locked a game. */
export function lockedIn<T>(
  { db }: Pick<GameMaster, 'db'>,
  gameId: string,
  work: (tx: Tx, locked: LockedGame) => Promise<T>,
): Promise<T> {
  return inTransaction(db, async (tx: Tx) => {
    const locked = await lockGame(tx, gameId);
    if (locked === undefined) throw new Error(`there is no game ${gameId}`);
    return work(tx, locked);
  });
}

/** @param prefix of all paths. @param identity headers that say who sends. */
export function sender(app: HttpApp, prefix: string, identity: Headers): Sender {
  const send = async (path: string, init: RequestInit): Promise<Reply> => {
    const response = await app.request(`${prefix}${path}`, init);
    const reply = { status: response.status, body: (await response.json()) as Record<string, unknown> };
    if ('x-user-id' in identity) {
      checkResponse(init.method ?? 'GET', `${prefix}${path}`, reply.status, reply.body);
    }
    return reply;
  };
  return {
    get: (path) => send(path, { headers: identity }),
    post: (path, body, headers = {}) =>
      send(path, {
        method: 'POST',
        headers: { ...identity, 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
  };
}

/** A user who has nothing to do with any game. */
export const stranger = '0198f3a0-0000-7000-8000-000000000000';

/** The code of a refusal, after its status: `409 turn_closed`. */
export function refusalOf({ status, body }: Reply): string {
  return `${status} ${(body.error as { code?: string } | undefined)?.code}`;
}
