// Start-up of the Runtime Manager: configuration, the journal, the driver, and three connections to Redis, since two of
// them are used for blocking reads only.
import { join, resolve } from 'node:path';
import { execPath } from 'node:process';
import { redisChecks, redisNeeds } from '../../config/redis-variables.ts';
import { start } from '../../config/startup.ts';
import type { Environment } from '../../config/variables.ts';
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

const fourInARow = [execPath, join(import.meta.dirname, '..', '..', '..', 'workers', 'four-in-a-row.ts')];

export type RuntimeManagerProcess = {
  readonly config: RuntimeManagerConfig;
  readonly log: Logger;
  readonly manager: RuntimeManager;
  readonly redis: Redis;
  readonly readers: { readonly startJobs: Redis; readonly stopJobs: Redis };
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
    checks: [
      ...redisChecks('RM'),
      {
        needs: ['RM_DOCKER_IMAGE', 'RM_DRIVER'],
        problem: ({ driver, docker }) =>
          driver === 'docker' && docker.image === undefined
            ? 'is not set; RM_DRIVER=docker needs it'
            : undefined,
      },
    ],
    requirements: {
      connections: {
        needs: [...redisNeeds('RM'), 'RM_READ_BLOCK_TIMEOUT'],
        open: (config: RuntimeManagerConfig) => openConnections(config, connectionLog),
        close: async (connections: Connections) => disconnect(connections),
      },
      journal: {
        needs: ['RM_DATA_FOLDER'],
        open: async ({ dataFolder }: RuntimeManagerConfig) =>
          openJournal(join(resolve(dataFolder), 'journal.sqlite'), now),
        close: async (journal: Journal) => journal.close(),
      },
    },
  });
  const { connections, journal } = resources;
  const log = createLogger({ service, level: config.logLevel });
  runtimeManagerInstruments.start();
  streamInstruments.start();
  const driver = await openDriver(config, environment, log);
  return {
    config,
    log,
    manager: new RuntimeManager({
      driver,
      journal,
      startTimeoutMs: config.startTimeoutMs,
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

function openDriver(config: RuntimeManagerConfig, environment: Environment, log: Logger): Promise<Driver> {
  const { stopTimeoutMs, docker } = config;
  switch (config.driver) {
    case 'process':
      return openProcessDriver({
        folder: join(resolve(config.dataFolder), 'engines'),
        command: config.process.command ?? fourInARow,
        environment: inheritedVariables(environment),
        host: config.process.host,
        stopTimeoutMs,
        log,
      });
    case 'docker': {
      if (docker.image === undefined)
        throw new TypeError('RM_DOCKER_IMAGE must be set, which is checked when the configuration is read');
      const { socketPath, image, network } = docker;
      const variables = engineVariables(environment);
      return Promise.resolve(
        new DockerDriver({ socketPath, image, network, environment: variables, stopTimeoutMs }),
      );
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
    return { redis, readers: { startJobs: await openReader(), stopJobs: await openReader() } };
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}

function disconnect({ redis, readers }: Connections): void {
  readers.startJobs.disconnect();
  readers.stopJobs.disconnect();
  redis.disconnect();
}
