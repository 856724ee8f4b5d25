// Start-up of the Runtime Manager: configuration, the journal, the driver, and four connections to Redis, since three of
// them are used for blocking reads only.
import { join, resolve } from 'node:path';
import { redisChecks, redisNeeds } from '../../config/redis-variables.ts';
import { start } from '../../config/startup.ts';
import type { Environment } from '../../config/variables.ts';
import type { EngineCatalogue } from '../../engine/catalogue.ts';
import { openCatalogue } from '../../engine/catalogue-file.ts';
import { OperatorError } from '../../errors/operator-error.ts';
import { openRedis, type Redis } from '../../redis/client.ts';
import { streamInstruments } from '../../streams/instruments.ts';
import { openStreamReader } from '../../streams/stream-loop.ts';
import { createLogger, type Logger } from '../../telemetry/logger.ts';
import { type RuntimeManagerConfig, runtimeManagerVariables } from '../config.ts';
import { DockerDriver } from '../drivers/docker.ts';
import type { Driver } from '../drivers/driver.ts';
import { engineVariables, inheritedVariables } from '../drivers/inherited-variables.ts';
import { openProcessDriver } from '../drivers/process.ts';
import { runtimeManagerInstruments } from '../instruments.ts';
import { publishResult } from '../jobs/consume-jobs.ts';
import { type Journal, openJournal } from '../jobs/journal.ts';
import { RuntimeManager } from '../jobs/manager.ts';

/** How long the journal remembers jobs: longer than the lobby may publish a job again. */
export const journalRetentionMs = 30 * 24 * 3_600_000;
export const forgetIntervalMs = 3_600_000;
export const trimIntervalMs = 60_000;
export const superviseIntervalMs = 1_000;

export type RuntimeManagerProcess = {
  readonly config: RuntimeManagerConfig;
  readonly log: Logger;
  readonly manager: RuntimeManager;
  readonly redis: Redis;
  readonly readers: { readonly startJobs: Redis; readonly stopJobs: Redis; readonly engineRequests: Redis };
  close(): Promise<void>;
};

/** @throws StartupError with every problem. */
export async function startRuntimeManager(environment: Environment): Promise<RuntimeManagerProcess> {
  const service = 'runtime-manager';
  const connectionLog = createLogger({ service, level: 'warn' });
  const now = () => new Date();
  const { config, resources } = await start({
    environment,
    variables: runtimeManagerVariables,
    checks: redisChecks('RM'),
    requirements: {
      connections: {
        needs: [...redisNeeds('RM'), 'RM_READ_BLOCK_TIMEOUT'],
        open: (config: RuntimeManagerConfig) => openConnections(config, connectionLog),
        close: async (connections: Connections) => disconnect(connections),
      },
      catalogue: {
        needs: ['RM_ENGINES_FILE', 'RM_DRIVER'],
        open: async ({ enginesFile, driver }: RuntimeManagerConfig) =>
          requireStartable(await openCatalogue(enginesFile), driver),
      },
      journal: {
        needs: ['RM_DATA_FOLDER'],
        open: async ({ dataFolder }: RuntimeManagerConfig) =>
          openJournal(join(resolve(dataFolder), 'journal.sqlite'), now),
        close: async (journal: Journal) => journal.close(),
      },
    },
  });
  const { connections, catalogue, journal } = resources;
  const log = createLogger({ service, level: config.logLevel });
  runtimeManagerInstruments.start();
  streamInstruments.start();
  const driver = await openDriver(config, catalogue, environment, log);
  return {
    config,
    log,
    manager: new RuntimeManager({
      driver,
      journal,
      startTimeoutMs: config.startTimeoutMs,
      maxEngines: config.maxEngines,
      engineVariables: engineVariables(environment),
      now,
      publish: (result) => publishResult(connections.redis, config.streams, result),
      log,
    }),
    ...connections,
    close: async () => {
      disconnect(connections);
      await driver.close();
      journal.close();
    },
  };
}

/** @throws OperatorError when the driver cannot start an engine of the catalogue. */
function requireStartable(
  catalogue: EngineCatalogue,
  driver: RuntimeManagerConfig['driver'],
): EngineCatalogue {
  const what = driver === 'docker' ? 'image' : 'command';
  const lacking = catalogue.engines.filter((engine) => engine[what] === undefined);
  if (lacking.length === 0) return catalogue;
  const names = lacking.map(({ manifest }) => `${manifest.family} ${manifest.version}`).join(', ');
  throw new OperatorError(`RM_DRIVER=${driver} needs an engine catalogue with the ${what} of ${names}`);
}

function openDriver(
  config: RuntimeManagerConfig,
  catalogue: EngineCatalogue,
  environment: Environment,
  log: Logger,
): Promise<Driver> {
  const { stopTimeoutMs, docker } = config;
  switch (config.driver) {
    case 'process':
      return openProcessDriver({
        folder: join(resolve(config.dataFolder), 'engines'),
        catalogue,
        cataloguePath: config.enginesFile,
        environment: inheritedVariables(environment),
        host: config.process.host,
        stopTimeoutMs,
        log,
      });
    case 'docker': {
      const options = { ...docker, catalogue, environment: engineVariables(environment), stopTimeoutMs };
      return Promise.resolve(new DockerDriver(options));
    }
    default:
      return config.driver satisfies never;
  }
}

type Connections = Pick<RuntimeManagerProcess, 'redis' | 'readers'>;

async function openConnections(config: RuntimeManagerConfig, log: Logger): Promise<Connections> {
  const redis = await openRedis(config.redis, (error) => log.warn({ error }, 'redis connection lost'));
  try {
    const bounds = {
      blockMs: config.readBlockTimeoutMs,
      operationTimeoutMs: config.redis.operationTimeoutMs,
    };
    const openReader = () =>
      openStreamReader(redis, bounds, (error) => log.warn({ error }, 'redis connection of a reader lost'));
    return {
      redis,
      readers: {
        startJobs: await openReader(),
        stopJobs: await openReader(),
        engineRequests: await openReader(),
      },
    };
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}

function disconnect({ redis, readers }: Connections): void {
  readers.startJobs.disconnect();
  readers.stopJobs.disconnect();
  readers.engineRequests.disconnect();
  redis.disconnect();
}
