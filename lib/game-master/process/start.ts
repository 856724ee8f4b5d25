// Start-up of every process of the Game Master: configuration, Redis, PostgreSQL with its migrations. Whether the lobby
// and engines can be reached is not asked; while they cannot, nothing is decided.
import { postgresNeeds } from '../../config/postgres-variables.ts';
import { redisChecks, redisNeeds } from '../../config/redis-variables.ts';
import { start } from '../../config/startup.ts';
import type { Environment } from '../../config/variables.ts';
import { openCatalogue } from '../../engine/catalogue-file.ts';
import { outboxInstruments } from '../../outbox/instruments.ts';
import { openDatabase } from '../../postgres/open-database.ts';
import type { Postgres } from '../../postgres/pool-options.ts';
import type { Redis } from '../../redis/client.ts';
import { openRedisWithoutEviction } from '../../redis/no-eviction.ts';
import { streamInstruments } from '../../streams/instruments.ts';
import { createLogger, type Logger } from '../../telemetry/logger.ts';
import { type GameMasterConfig, gameMasterVariables } from '../config.ts';
import type { GameMaster } from '../context.ts';
import { gameMasterInstruments } from '../instruments.ts';
import { migrations } from '../migrations.ts';
import { assembleGameMaster } from './assemble.ts';

export type GameMasterProcess = {
  readonly config: GameMasterConfig;
  readonly log: Logger;
  readonly gameMaster: GameMaster;
  /** The Redis that carries the streams. */
  readonly redis: Redis;
  /** Waits for what is being published, and closes the connections to Redis and PostgreSQL. */
  close(): Promise<void>;
};

/** @param service name of the process in its logs. @throws StartupError with every problem. */
export async function startGameMaster(service: string, environment: Environment): Promise<GameMasterProcess> {
  const connectionLog = createLogger({ service, level: 'warn' });
  const { config, resources } = await start({
    environment,
    variables: gameMasterVariables,
    checks: redisChecks('GM'),
    requirements: {
      redis: {
        needs: redisNeeds('GM'),
        open: ({ redis }: GameMasterConfig) =>
          openRedisWithoutEviction(redis, 'the Game Master', (error) =>
            connectionLog.warn({ error }, 'redis connection lost'),
          ),
        close: async (redis: Redis) => redis.disconnect(),
      },
      postgres: {
        needs: postgresNeeds('GM'),
        open: ({ postgres }: GameMasterConfig) => openDatabase(postgres, migrations, true, connectionLog),
        close: (postgres: Postgres) => postgres.close(),
      },
      catalogue: {
        needs: ['GM_ENGINES_FILE'],
        open: ({ enginesFile }: GameMasterConfig) => openCatalogue(enginesFile),
      },
    },
  });
  const { redis, postgres, catalogue } = resources;
  const log = createLogger({ service, level: config.logLevel });
  outboxInstruments.start();
  streamInstruments.start();
  gameMasterInstruments.start();
  const gameMaster = assembleGameMaster(config, { db: postgres.db, redis, catalogue, log });
  return {
    config,
    log,
    gameMaster,
    redis,
    close: async () => {
      await gameMaster.outbox.settled();
      redis.disconnect();
      await postgres.close();
    },
  };
}
