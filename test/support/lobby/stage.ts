// What stands around the lobby's workers when they run as processes: their stores, each behind a link that a test can
// hold, a Game Master that takes everything, and the lobby's requests, which the test's own process answers.
import { once } from 'node:events';
import { v7 as uuidv7 } from 'uuid';
import { expect, vi } from 'vitest';
import { runtimeResultsConsumer } from '../../../lib/lobby/consumers/runtime-results.ts';
import { lobbyPublishers } from '../../../lib/lobby/outbox/publishers.ts';
import { consumerStreams } from '../../../lib/lobby/process/consumer-streams.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { type Answer, json, startUpstreamServer, type UpstreamServer } from '../gateway/fake-upstream.ts';
import { startTcpProxy, type TcpProxy } from '../network/tcp-proxy.ts';
import { type RunningProcess, runEntry } from '../run/run-process.ts';
import { createTestRedis, type TestRedis } from '../stores/redis.ts';
import { openDatabase } from '../stores/redis-databases.ts';
import { field, join, makeOpenGame } from './games.ts';
import { expectLobbyAtRest } from './invariants.ts';
import { type Client, createTestLobby, type TestLobby } from './lobby.ts';
import { lobbyEnvironment } from './lobby-process.ts';
import { handleOnce } from './steps.ts';

export const streams = {
  startJobs: 'runtime:start_jobs',
  stopJobs: 'runtime:stop_jobs',
  gameChanges: 'lobby:game_changes',
  notificationIntents: 'notification:intents',
  gmEvents: 'gm:lobby_events',
  jobResults: 'runtime:job_results',
  userLifecycle: 'user:lifecycle_events',
};
export const places = consumerStreams(streams);

export const waiting = { timeout: 40_000, interval: 20 };
const month = 30 * 24 * 3_600_000;

type Fields = Readonly<Record<string, string | number | object>>;

export class LobbyStage {
  readonly lobby: TestLobby;
  readonly server: TestRedis;
  readonly redis: Awaited<ReturnType<typeof openDatabase>>;
  readonly gameMaster: UpstreamServer;
  /** The User Service: everybody may do everything. */
  readonly users: UpstreamServer;
  readonly toPostgres: TcpProxy;
  readonly toRedis: TcpProxy;
  readonly #started: RunningProcess[] = [];

  private constructor(parts: {
    lobby: TestLobby;
    server: TestRedis;
    redis: LobbyStage['redis'];
    gameMaster: UpstreamServer;
    users: UpstreamServer;
    toPostgres: TcpProxy;
    toRedis: TcpProxy;
  }) {
    this.lobby = parts.lobby;
    this.server = parts.server;
    this.redis = parts.redis;
    this.gameMaster = parts.gameMaster;
    this.users = parts.users;
    this.toPostgres = parts.toPostgres;
    this.toRedis = parts.toRedis;
  }

  /** @param ownRedis instead of a database of the run's server. */
  static async open(ownRedis?: TestRedis): Promise<LobbyStage> {
    const server = ownRedis ?? (await createTestRedis());
    const redis = await openDatabase(server, server.db);
    const lobby = await createTestLobby({
      publishers: lobbyPublishers(redis, streams, Object.values(consumerStreams(streams))),
    });
    lobby.clock.set(new Date());
    const { hostname, port } = new URL(lobby.dsn);
    return new LobbyStage({
      lobby,
      server,
      redis,
      gameMaster: await startUpstreamServer(json(200, {})),
      users: await startUpstreamServer(mayEverything),
      toPostgres: await startTcpProxy({ host: hostname, port: Number(port) }),
      toRedis: await startTcpProxy(server),
    });
  }

  /** Starts a worker, on links of the stage unless `variables` lead it elsewhere. */
  start(entry: string, variables: Record<string, string> = {}): RunningProcess {
    const dsn = new URL(this.lobby.dsn);
    dsn.host = this.toPostgres.addr;
    dsn.searchParams.set('application_name', workerName);
    const running = runEntry(`workers/${entry}.ts`, {
      ...lobbyEnvironment({ dsn: dsn.href }, { ...this.server, addr: this.toRedis.addr }),
      LOBBY_GM_BASE_URL: this.gameMaster.url,
      LOBBY_USER_SERVICE_BASE_URL: this.users.url,
      LOBBY_RUNTIME_JOB_RESULTS_READ_BLOCK_TIMEOUT: '500ms',
      LOBBY_GM_EVENTS_READ_BLOCK_TIMEOUT: '500ms',
      LOBBY_USER_LIFECYCLE_READ_BLOCK_TIMEOUT: '500ms',
      LOBBY_ENROLLMENT_AUTOMATION_INTERVAL: '100ms',
      LOBBY_RACE_NAME_EXPIRATION_INTERVAL: '100ms',
      LOBBY_OUTBOX_RELAY_INTERVAL: '100ms',
      // Operations are held for longer than usual here.
      LOBBY_POSTGRES_OPERATION_TIMEOUT: '30s',
      LOBBY_REDIS_OPERATION_TIMEOUT: '30s',
      LOBBY_LOG_LEVEL: 'info',
      ...variables,
    });
    this.#started.push(running);
    return running;
  }

  /** The server ends every session of the workers, as when it restarts. @returns how many there were. */
  async endSessions(): Promise<number> {
    const { rowCount } = await this.lobby.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name = $1`,
      [workerName],
    );
    return rowCount ?? 0;
  }

  /** A user who asks a process of the lobby. */
  caller(
    { public: port }: { public: number },
    { userId }: Pick<Client, 'userId'> = this.lobby.player(),
  ): Client {
    const call =
      (method: string): Client['get'] =>
      async (path, { body, headers = {} } = {}) => {
        const response = await fetch(`http://127.0.0.1:${port}/api/v1/lobby${path}`, {
          method,
          headers: {
            'x-user-id': userId,
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
            ...headers,
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          signal: AbortSignal.timeout(waiting.timeout),
        });
        return { status: response.status, body: await response.json(), etag: response.headers.get('etag') };
      };
    return { userId, get: call('GET'), post: call('POST'), patch: call('PATCH') };
  }

  /** Ends what a dead worker has held, which takes up to 9 s otherwise: lobby-replicas.test.ts measures that. */
  async freeLeases(): Promise<void> {
    await this.lobby.pool.query('update lobby.consumers set holder = null, held_until = null');
  }

  /** A game with two players that waits for its start job. @param owner somebody new unless given. */
  async startingGame(owner?: Client, players?: [Client, Client]): Promise<StartingGame> {
    const game = await this.openGame(owner, players);
    await game.owner.post(`/games/${game.gameId}/close-enrollment`);
    await game.owner.post(`/games/${game.gameId}/start`);
    const jobId = field(await this.lobby.admin().get(`/games/${game.gameId}`), 'runtime_job_id');
    return { ...game, jobId };
  }

  /** A game with two players that still enrolls. */
  async openGame(
    owner: Client = this.lobby.player(),
    players: [Client, Client] = [this.lobby.player(), this.lobby.player()],
  ): Promise<OpenGame> {
    this.lobby.clock.set(new Date());
    const endsAt = new Date(Date.now() + month).toISOString();
    const gameId = await makeOpenGame(owner, { enrollment_ends_at: endsAt });
    for (const player of players) await join(player, owner, gameId, nameOf(player));
    return { gameId, owner, players };
  }

  /** A game that runs. */
  async runningGame(owner?: Client): Promise<StartingGame> {
    const game = await this.startingGame(owner);
    const consumer = runtimeResultsConsumer(this.lobby, places.runtime_results, silent);
    await handleOnce(this.lobby, consumer, flat(resultOf(game)));
    return game;
  }

  /** @returns the id of the entry. */
  async tell(stream: string, fields: Fields): Promise<string> {
    const id = await this.redis.xadd(stream, '*', ...Object.entries(flat(fields)).flat(), 'traceparent', '');
    if (id === null) throw new Error('a stream that is not trimmed takes every entry');
    return id;
  }

  tellResult(game: { gameId: string; jobId: string }, changes: Fields = {}): Promise<string> {
    return this.tell(streams.jobResults, { ...resultOf(game), ...changes });
  }

  report({ gameId, jobId }: { gameId: string; jobId: string }, changes: Fields = {}): Fields {
    return {
      // Tells tests of which turn of which game it was.
      event_id: `${gameId}/${changes.turn ?? 1}/${uuidv7()}`,
      event_type: 'runtime_snapshot_update',
      game_id: gameId,
      runtime_job_id: jobId,
      turn: 1,
      runtime_status: 'running',
      engine_health: 'ok',
      player_stats: [],
      occurred_at_ms: Date.now(),
      ...changes,
    };
  }

  tellReport(game: { gameId: string; jobId: string }, changes: Fields = {}): Promise<string> {
    return this.tell(streams.gmEvents, this.report(game, changes));
  }

  tellBlock(userId: string, changes: Fields = {}): Promise<string> {
    return this.tell(streams.userLifecycle, {
      event_id: uuidv7(),
      event_type: 'permanent_blocked',
      user_id: userId,
      reason_code: 'cheating',
      occurred_at_ms: Date.now(),
      ...changes,
    });
  }

  /** The status of a game, as it is committed. */
  async statusOf(gameId: string): Promise<string> {
    const { rows } = await this.lobby.pool.query('select status from lobby.games where game_id = $1', [
      gameId,
    ]);
    return rows[0].status;
  }

  /** The triggers that have moved a game, in order. */
  async movesOf(gameId: string): Promise<string[]> {
    const { rows } = await this.lobby.pool.query(
      'select trigger from lobby.timeline where game_id = $1 order by revision',
      [gameId],
    );
    return rows.map(({ trigger }) => trigger);
  }

  /** Waits until a consumer has handled an entry. */
  async handled(stream: string, entryId: string): Promise<void> {
    const place = Object.values(places).find((one) => one.stream === stream);
    if (place === undefined) throw new TypeError(`nobody consumes ${stream} here`);
    await vi.waitFor(async () => expect(await this.redis.get(place.offsetKey)).toBe(entryId), waiting);
  }

  /** Everything holds once what is left to be published is: by an outbox relay, or else by this. */
  async expectWhole({ relayed = false } = {}): Promise<void> {
    await this.lobby.outbox.settled();
    await vi.waitFor(async () => {
      if (!relayed) await this.lobby.outbox.publishDue(new AbortController().signal);
      await expectLobbyAtRest(this.lobby.pool, this.redis, streams);
    }, waiting);
  }

  async killAll(): Promise<void> {
    for (const running of this.#started.splice(0)) await kill(running);
  }

  async close(): Promise<void> {
    await this.killAll();
    await this.lobby.close();
    await Promise.all([
      this.toPostgres.close(),
      this.toRedis.close(),
      this.gameMaster.close(),
      this.users.close(),
    ]);
    this.redis.disconnect();
    await this.server.drop();
  }
}

export type OpenGame = { gameId: string; owner: Client; players: [Client, Client] };
export type StartingGame = OpenGame & { jobId: string };

/** By which PostgreSQL tells the sessions of workers from those of the test. */
const workerName = 'worker';
/** More than any game asks for. */
const many = 1_000;

const mayEverything: Answer = (request, response) => {
  const user_id = request.url.split('/').at(-2);
  const rights = { can_create_public_game: true, can_create_private_game: true, can_join_game: true };
  const limits = { max_owned_games: many, max_active_memberships: many, max_registered_race_names: many };
  json(200, { user_id, exists: true, permanent_block: false, ...rights, ...limits })(request, response);
};

const silent = createLogger({ service: 'test', level: 'silent' });

function resultOf({ gameId, jobId }: { gameId: string; jobId: string }): Fields {
  return {
    job_id: jobId,
    game_id: gameId,
    kind: 'start',
    outcome: 'success',
    container_id: `container-of-${jobId}`,
    engine_endpoint: 'http://127.0.0.1:9',
    finished_at_ms: Date.now(),
  };
}

/** As a stream has it. */
function flat(fields: Fields): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'object' ? JSON.stringify(value) : String(value),
    ]),
  );
}

export const nameOf = ({ userId }: Client) => `P ${userId.slice(-12)}`;

/** Ends a process at once, whether it runs or is stopped. */
export async function kill({ child, ended }: RunningProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await ended;
}
