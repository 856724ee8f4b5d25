// Start-up of the backend's processes on Node, the push process excepted: configuration, PostgreSQL with its
// migrations, Redis, and what operations need. Redis may go away afterwards: it only takes what the outbox publishes.
import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { outbox as outboxTable } from '../../drizzle/backend/schema.ts';
import { type Check, start } from '../config/startup.ts';
import type { Environment } from '../config/variables.ts';
import { outboxInstruments } from '../outbox/instruments.ts';
import { Outbox } from '../outbox/outbox.ts';
import { RedisLife } from '../outbox/redis-life.ts';
import { lossCheckIntervalMs, type Relay } from '../outbox/relay.ts';
import { openDatabase } from '../postgres/open-database.ts';
import { openRedis, type Redis } from '../redis/client.ts';
import { refuseEviction } from '../redis/no-eviction.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { createBackground } from './background.ts';
import {
  type BackendConfig,
  backendVariables,
  type OutboxRelayConfig,
  outboxRelayVariables,
} from './config.ts';
import type { BackendContext } from './context.ts';
import { createLogMailer } from './mailer.ts';
import { backendPublishers } from './outbox/publishers.ts';
import { createSignInCodes } from './sign-in-codes.ts';
import { prepareFindDeviceSession } from './store/device-sessions.ts';

const migrationsFolder = fileURLToPath(new URL('../../drizzle/backend/migrations', import.meta.url));

export type Backend = {
  readonly config: BackendConfig;
  readonly context: BackendContext;
  /** For a process that runs the outbox relay beside what else it does. */
  readonly relay: Relay;
  readonly log: Logger;
  /** Waits for work that goes on after its request was answered, and closes the connections. */
  close(): Promise<void>;
};

/** @throws StartupError with every problem. */
export async function startBackend(environment: Environment): Promise<Backend> {
  const connectionLog = createLogger({ service: 'backend', level: 'warn' });
  const { config, resources } = await start({
    environment,
    variables: backendVariables,
    checks: [mailLimits],
    requirements: requirements(connectionLog),
  });
  const log = createLogger({ service: 'backend', level: config.logLevel });
  const background = createBackground(log);
  const relay = createRelay(config, resources, log);
  const context: BackendContext = {
    db: relay.db,
    findDeviceSession: prepareFindDeviceSession(relay.db),
    outbox: relay.outbox,
    codes: await createSignInCodes(config.signIn.codeHmacKey),
    // Has a level of its own: where codes are read from the log, they must be in it.
    mailer: createLogMailer(createLogger({ service: 'backend', level: 'info' })),
    mailLimits: config.signIn,
    background,
    entitlementDefaults: config.entitlementDefaults,
    now: () => new Date(),
    newId: () => uuidv7(),
    log,
  };
  log.warn('BACKEND_MAILER=log prints sign-in codes to this log: whoever reads it can sign in as anyone');
  return {
    config,
    context,
    relay,
    log,
    async close() {
      await Promise.all([background.settled(), relay.outbox.settled()]);
      await closeAll(resources);
    },
  };
}

/** What the outbox relay needs, as a process of its own. @throws StartupError with every problem. */
export async function startOutboxRelay(
  environment: Environment,
): Promise<{ config: OutboxRelayConfig; relay: Relay; log: Logger; close(): Promise<void> }> {
  const service = 'backend-outbox-relay';
  const { config, resources } = await start({
    environment,
    variables: outboxRelayVariables,
    requirements: requirements(createLogger({ service, level: 'warn' })),
  });
  const log = createLogger({ service, level: config.logLevel });
  return { config, relay: createRelay(config, resources, log), log, close: () => closeAll(resources) };
}

type Resources = { postgres: pg.Pool; redis: Redis };

function requirements(connectionLog: Logger) {
  return {
    postgres: {
      needs: [
        'BACKEND_POSTGRES_PRIMARY_DSN',
        'BACKEND_POSTGRES_OPERATION_TIMEOUT',
        'BACKEND_POSTGRES_MAX_OPEN_CONNS',
        'BACKEND_POSTGRES_MAX_IDLE_CONNS',
        'BACKEND_POSTGRES_CONN_MAX_LIFETIME',
      ] as const,
      open: ({ postgres }: OutboxRelayConfig) =>
        openDatabase(postgres, { folder: migrationsFolder, schema: 'backend' }, (error) =>
          connectionLog.warn({ error }, 'postgresql connection lost'),
        ),
      close: (pool: pg.Pool) => pool.end(),
    },
    redis: {
      needs: [
        'BACKEND_REDIS_ADDR',
        'BACKEND_REDIS_PASSWORD',
        'BACKEND_REDIS_DB',
        'BACKEND_REDIS_TLS_ENABLED',
        'BACKEND_REDIS_OPERATION_TIMEOUT',
      ] as const,
      open: ({ redis }: OutboxRelayConfig) => openUsableRedis(redis, connectionLog),
      close: async (redis: Redis) => redis.disconnect(),
    },
  };
}

async function openUsableRedis(options: OutboxRelayConfig['redis'], connectionLog: Logger): Promise<Redis> {
  const redis = await openRedis(options, (error) => connectionLog.warn({ error }, 'redis connection lost'));
  try {
    await refuseEviction(redis, 'the push log');
    return redis;
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}

function createRelay(config: OutboxRelayConfig, { postgres, redis }: Resources, log: Logger): Relay {
  outboxInstruments.start();
  const db = drizzle({ client: postgres });
  const publishers = backendPublishers(redis, config.userLifecycleStream);
  return {
    outbox: new Outbox({ db, table: outboxTable, publishers, log }),
    db,
    table: outboxTable,
    redisLife: new RedisLife(redis, 'backend:outbox:life'),
    intervalMs: config.outboxRelayIntervalMs,
    lossCheckIntervalMs,
    log,
  };
}

async function closeAll({ postgres, redis }: Resources): Promise<void> {
  redis.disconnect();
  await postgres.end();
}

const mailLimits: Check<BackendConfig> = {
  needs: ['BACKEND_SIGN_IN_MAILS_PER_ADDRESS', 'BACKEND_SIGN_IN_MAILS_PER_NETWORK'],
  problem: ({ signIn }) =>
    signIn.maxMailsPerAddress < signIn.maxMailsPerNetwork
      ? 'is below BACKEND_SIGN_IN_MAILS_PER_NETWORK; raise it, or lower that one'
      : undefined,
};
