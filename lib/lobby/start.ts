// Start-up of every process of the lobby: configuration, Redis, PostgreSQL with its migrations. Whether User Service
// and Game Master can be reached is not asked; their failures surface per request.
import type { Pool } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { start } from '../config/startup.ts';
import type { Environment } from '../config/variables.ts';
import { outboxInstruments } from '../outbox/instruments.ts';
import { databaseOn } from '../postgres/database.ts';
import { openDatabase } from '../postgres/open-database.ts';
import { openRedis, type Redis } from '../redis/client.ts';
import { openRedisReplicas } from '../redis/replicas.ts';
import { streamInstruments } from '../streams/instruments.ts';
import { statesOf } from '../streams/operations.ts';
import { telemetryRuns } from '../telemetry/flush.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { type LobbyConfig, lobbyVariables } from './config.ts';
import { consumerPlaces } from './consumers/places.ts';
import { createLobby, type Lobby } from './context.ts';
import { createEligibility } from './eligibility.ts';
import { createGameMaster } from './game-master.ts';
import { inProcessRaceNames } from './in-process/race-names.ts';
import { lobbyInstruments } from './instruments.ts';
import { lobbyPublishers } from './outbox/publishers.ts';
import type { InProcessRaceNameDirectory } from './race-name-directory.ts';
import { openReplicas } from './replicas.ts';
import { membershipsWithNames } from './store/memberships.ts';

const migrationsFolder = `${import.meta.dirname}/../../drizzle/lobby/migrations`;

export type LobbyProcess = {
  readonly config: LobbyConfig;
  readonly log: Logger;
  readonly lobby: Lobby;
  /** The Redis that carries the streams. */
  readonly redis: Redis;
  /** Waits for what is being published, and closes the connections to Redis and PostgreSQL. */
  close(): Promise<void>;
};

/**
 * @param service name of the process in its logs.
 * @param options.servesLists whether it needs the replicas of PostgreSQL and Redis.
 * @param options.alone whether no other process of the lobby runs, so that one may keep something to itself.
 * @throws StartupError with every problem.
 */
export async function startLobby(
  service: string,
  environment: Environment,
  { servesLists = false, alone = false } = {},
): Promise<LobbyProcess> {
  const connectionLog = createLogger({ service, level: 'warn' });
  const { config, resources } = await start({
    environment,
    variables: lobbyVariables,
    checks: [
      {
        needs: ['LOBBY_RACE_NAME_DIRECTORY_BACKEND'],
        problem: ({ raceNameDirectoryBackend }: LobbyConfig) =>
          raceNameDirectoryBackend === 'stub' && !alone
            ? '"stub" keeps race names in the memory of one process, which has to be the whole lobby ' +
              '(workers/lobby-all-in-one.ts). Set it to postgres here, and there.'
            : undefined,
      },
    ],
    requirements: {
      redis: {
        needs: [
          'LOBBY_REDIS_MASTER_ADDR',
          'LOBBY_REDIS_PASSWORD',
          'LOBBY_REDIS_DB',
          'LOBBY_REDIS_OPERATION_TIMEOUT',
        ],
        open: ({ redis }: LobbyConfig) =>
          openRedis(redis, (error) => connectionLog.warn({ error }, 'redis connection lost')),
        close: async (redis: Redis) => redis.disconnect(),
      },
      pool: {
        needs: [
          'LOBBY_POSTGRES_PRIMARY_DSN',
          'LOBBY_POSTGRES_OPERATION_TIMEOUT',
          'LOBBY_POSTGRES_MAX_OPEN_CONNS',
          'LOBBY_POSTGRES_MAX_IDLE_CONNS',
          'LOBBY_POSTGRES_CONN_MAX_LIFETIME',
        ],
        open: ({ postgres }: LobbyConfig) =>
          openDatabase(postgres, { folder: migrationsFolder, schema: 'lobby' }, (error) =>
            connectionLog.warn({ error }, 'postgresql connection lost'),
          ),
        close: (pool: Pool) => pool.end(),
      },
    },
  });
  const { redis, pool } = resources;
  const log = createLogger({ service, level: config.logLevel });
  outboxInstruments.start();
  streamInstruments.start();
  lobbyInstruments.start();
  warnOfUselessTelemetry(config.telemetry, log);
  const opened = servesLists ? openReplicas(config.postgres, log) : undefined;
  const redisReplicas = openRedisReplicas(
    redis,
    servesLists ? config.redis.replicaAddrs : [],
    config.redis,
    log,
  );
  const consumers = Object.values(consumerPlaces(config.streams));
  const lobby = createLobby({
    database: databaseOn(pool),
    ...(opened && { replicas: opened.replicas }),
    eligibility: createEligibility({ ...config.userService, log }),
    gameMaster: createGameMaster({ ...config.gameMaster, log }),
    publishers: lobbyPublishers(redis, config.streams),
    streams: { consumers, states: statesOf(consumers, redisReplicas) },
    startTimeoutMs: config.startTimeoutMs,
    now: () => new Date(),
    newId: () => uuidv7(),
    log,
    inProcessRaceNames:
      config.raceNameDirectoryBackend === 'stub' ? await keepRaceNames(pool, log) : undefined,
  });
  return {
    config,
    log,
    lobby,
    redis,
    close: async () => {
      await lobby.outbox.settled();
      redisReplicas.close();
      redis.disconnect();
      opened?.close();
      await pool.end();
    },
  };
}

async function keepRaceNames(pool: Pool, log: Logger): Promise<InProcessRaceNameDirectory> {
  const memberships = await membershipsWithNames(databaseOn(pool));
  log.warn(
    { variable: 'LOBBY_RACE_NAME_DIRECTORY_BACKEND', reserved: memberships.length },
    'race names are kept in memory: names that are registered or can be are lost when this process ends, and no other ' +
      'process of the lobby may use this database',
  );
  return inProcessRaceNames(memberships);
}

function warnOfUselessTelemetry(
  { stdoutTraces, stdoutMetrics }: LobbyConfig['telemetry'],
  log: Logger,
): void {
  if (telemetryRuns()) return;
  const set = [
    ...(stdoutTraces ? ['LOBBY_OTEL_STDOUT_TRACES_ENABLED'] : []),
    ...(stdoutMetrics ? ['LOBBY_OTEL_STDOUT_METRICS_ENABLED'] : []),
  ];
  if (set.length === 0) return;
  log.warn(`${set.join(' and ')} do nothing without: node --import ./infra/node/telemetry.ts`);
}
