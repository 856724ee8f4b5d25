// Start-up of every process of the lobby: configuration, Redis, PostgreSQL with its migrations. Whether User Service
// and Game Master can be reached is not asked; their failures surface per request.
import { postgresNeeds } from '../../config/postgres-variables.ts';
import { redisHttpChecks, redisNeeds, redisTcpChecks } from '../../config/redis-variables.ts';
import { type Check, start } from '../../config/startup.ts';
import type { Environment } from '../../config/variables.ts';
import type { EngineCatalogue } from '../../engine/catalogue.ts';
import { openCatalogue } from '../../engine/catalogue-file.ts';
import type { askService } from '../../http/ask-service.ts';
import { outboxInstruments } from '../../outbox/instruments.ts';
import { openDatabase, postgresDriver } from '../../postgres/open-database.ts';
import type { Postgres } from '../../postgres/pool-options.ts';
import type { Redis } from '../../redis/client.ts';
import type { RedisReads } from '../../redis/commands.ts';
import { type HttpRedis, openHttpRedis } from '../../redis/http-redis.ts';
import { openRedisWithoutEviction } from '../../redis/no-eviction.ts';
import { openRedisReplicas } from '../../redis/replicas.ts';
import { streamInstruments } from '../../streams/instruments.ts';
import { telemetryRuns } from '../../telemetry/flush.ts';
import { createLogger, type Logger } from '../../telemetry/logger.ts';
import {
  type LobbyConfig,
  type LobbyHttpConfig,
  lobbyHttpVariables,
  lobbyVariables,
  raceNamesInPostgres,
} from '../config.ts';
import type { Lobby } from '../context.ts';
import { inProcessRaceNames } from '../in-process/race-names.ts';
import { migrations } from '../migrations.ts';
import type { InProcessRaceNameDirectory } from '../race-name-directory.ts';
import type { Db } from '../store/database.ts';
import { membershipsWithNames } from '../store/memberships.ts';
import { assembleLobby } from './assemble.ts';
import { lobbyInstruments } from './instruments.ts';
import { openReplicas } from './replicas.ts';

type StartedLobby<Config> = {
  readonly config: Config;
  readonly log: Logger;
  readonly lobby: Lobby;
  /** Waits for what is being published, and closes the connections to Redis and PostgreSQL. */
  close(): Promise<void>;
};

export type LobbyProcess = StartedLobby<LobbyConfig> & {
  /** The Redis that carries the streams. */
  readonly redis: Redis;
};

/**
 * @param service name of the process in its logs.
 * @param options.servesLists whether it needs the replicas of PostgreSQL and Redis.
 * @param options.alone whether no other process of the lobby runs, so that state in memory is allowed.
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
    checks: [...(alone ? [] : [raceNamesInPostgres]), ...redisTcpChecks('LOBBY', 'MASTER_ADDR')],
    requirements: {
      redis: {
        needs: redisNeeds('LOBBY', 'MASTER_ADDR'),
        open: ({ redis }: LobbyConfig) =>
          openRedisWithoutEviction(redis, 'the lobby', (error) =>
            connectionLog.warn({ error }, 'redis connection lost'),
          ),
        close: async (redis: Redis) => redis.disconnect(),
      },
      postgres: postgresRequirement(connectionLog, true),
      catalogue: catalogueRequirement,
    },
  });
  const { redis, postgres, catalogue } = resources;
  const http: HttpRedis = { commands: redis, connection: redis, close: () => redis.disconnect() };
  // Not for the HTTP side alone, which other runtimes run, too.
  const { askService: send } = await import('../../node/ask-service.ts');
  const parts = { redis: http, postgres, catalogue, servesLists, send };
  return { ...(await run(service, config, parts)), redis };
}

/**
 * The HTTP side alone, which waits for nothing in Redis, so that REST does for it.
 * @param options.migrates false where a job of its own applies migrations.
 * @param options.checks further checks of the configuration, by the runtime.
 * @throws StartupError with every problem.
 */
export async function startLobbyHttp(
  environment: Environment,
  { migrates = true, checks = [] }: { migrates?: boolean; checks?: readonly Check<LobbyHttpConfig>[] } = {},
): Promise<StartedLobby<LobbyHttpConfig>> {
  const service = 'lobby-http';
  const connectionLog = createLogger({ service, level: 'warn' });
  const { config, resources } = await start({
    environment,
    variables: lobbyHttpVariables,
    checks: [raceNamesInPostgres, ...redisHttpChecks('LOBBY', 'MASTER_ADDR'), ...checks],
    requirements: {
      redis: {
        needs: [...redisNeeds('LOBBY', 'MASTER_ADDR'), 'LOBBY_REDIS_REST_URL', 'LOBBY_REDIS_REST_TOKEN'],
        open: ({ redis }: LobbyHttpConfig) =>
          openHttpRedis(redis, { service: 'LOBBY', needs: 'the lobby' }, (error) =>
            connectionLog.warn({ error }, 'redis connection lost'),
          ),
        close: async (redis: HttpRedis) => redis.close(),
      },
      postgres: postgresRequirement(connectionLog, migrates),
      catalogue: catalogueRequirement,
    },
  });
  return run(service, config, { ...resources, servesLists: true });
}

const catalogueRequirement = {
  needs: ['LOBBY_ENGINES_FILE'] as const,
  open: ({ enginesFile }: Pick<LobbyConfig, 'enginesFile'>) => openCatalogue(enginesFile),
};

function postgresRequirement(connectionLog: Logger, migrates: boolean) {
  return {
    needs: postgresNeeds('LOBBY'),
    open: ({ postgres }: Pick<LobbyConfig, 'postgres'>) =>
      openDatabase(postgres, migrations, migrates, connectionLog),
    close: (postgres: Postgres) => postgres.close(),
  };
}

async function run<Config extends LobbyHttpConfig>(
  service: string,
  config: Config,
  resources: {
    redis: HttpRedis;
    postgres: Postgres;
    catalogue: EngineCatalogue;
    servesLists: boolean;
    send?: typeof askService;
  },
): Promise<StartedLobby<Config>> {
  const { redis, postgres, catalogue, servesLists, send } = resources;
  const log = createLogger({ service, level: config.logLevel });
  outboxInstruments.start();
  streamInstruments.start();
  lobbyInstruments.start();
  warnOfUselessTelemetry(config.telemetry, log);
  const open = await postgresDriver(config.postgres.driver);
  const replicas = servesLists ? openReplicas(config.postgres, open, log) : undefined;
  const reads = openReads(redis, servesLists ? config.redis : undefined, log);
  const lobby = assembleLobby(config, {
    catalogue,
    database: postgres.db,
    ...(replicas && { replicas: replicas.replicas }),
    redis: redis.commands,
    reads,
    send,
    log,
    inProcessRaceNames:
      config.raceNameDirectoryBackend === 'stub' ? await openInProcessRaceNames(postgres.db, log) : undefined,
  });
  return {
    config,
    log,
    lobby,
    close: async () => {
      await lobby.outbox.settled();
      reads.close();
      redis.close();
      replicas?.close();
      await postgres.close();
    },
  };
}

/** From the replicas of Redis, where it is reached by a connection and has some. */
function openReads(
  { commands, connection }: HttpRedis,
  config: LobbyHttpConfig['redis'] | undefined,
  log: Logger,
): RedisReads & { close(): void } {
  if (connection === undefined || config === undefined) {
    return { read: (work) => work(commands), close() {} };
  }
  const { replicaAddrs, password = '', ...options } = config;
  return openRedisReplicas(connection, replicaAddrs, { ...options, password }, log);
}

async function openInProcessRaceNames(db: Db, log: Logger): Promise<InProcessRaceNameDirectory> {
  const memberships = await membershipsWithNames(db);
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
