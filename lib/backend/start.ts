// Start-up of the backend's HTTP side and of its outbox relay on Node: configuration, PostgreSQL with its migrations,
// Redis, and what operations need.
import type pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { outbox as outboxTable } from '../../drizzle/backend/schema.ts';
import { type Check, start } from '../config/startup.ts';
import type { Environment } from '../config/variables.ts';
import { outboxInstruments } from '../outbox/instruments.ts';
import { Outbox } from '../outbox/outbox.ts';
import { RedisLife } from '../outbox/redis-life.ts';
import { lossCheckIntervalMs, type Relay } from '../outbox/relay.ts';
import { databaseOn } from '../postgres/database.ts';
import type { Redis } from '../redis/client.ts';
import { putBackAtOnce, type StreamOperations, statesOf } from '../streams/operations.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import {
  type BackendConfig,
  backendVariables,
  type OutboxRelayConfig,
  outboxRelayVariables,
} from './config.ts';
import type { BackendContext } from './context.ts';
import { createLookupLimit } from './lookup-limit.ts';
import type { MailWorker } from './mail/mail-worker.ts';
import { mailChecks, openMail } from './mail/open-mail.ts';
import { notificationsPlace } from './notifications/notification-intents.ts';
import type { NotificationWorker } from './notifications/notification-worker.ts';
import type { NotificationUpkeep } from './notifications/upkeep.ts';
import { backendPublishers } from './outbox/publishers.ts';
import { postgresRequirement, redisRequirement } from './requirements.ts';
import { createSignInCodes } from './sign-in-codes.ts';
import { prepareFindDeviceSession } from './store/device-sessions.ts';
import { backendStreamTables } from './store/stream-tables.ts';

export type Backend = {
  readonly config: BackendConfig;
  readonly context: BackendContext;
  readonly streams: StreamOperations;
  /** For a process that runs the outbox relay beside what else it does. */
  readonly relay: Relay;
  readonly notificationUpkeep: NotificationUpkeep;
  /** The same for the other workers. */
  readonly mailWorker: MailWorker;
  readonly notificationWorker: NotificationWorker;
  readonly log: Logger;
  /** Waits for work that goes on after its request was answered, and closes the connections. */
  close(): Promise<void>;
};

/** @throws StartupError with every problem. */
export async function startBackend(environment: Environment): Promise<Backend> {
  const service = 'backend';
  const connectionLog = createLogger({ service, level: 'warn' });
  const { config, resources } = await start({
    environment,
    variables: backendVariables,
    checks: [mailLimits, ...mailChecks],
    requirements: requirements(connectionLog),
  });
  const log = createLogger({ service, level: config.logLevel });
  const relay = createRelay(config, resources, log);
  const { db } = relay;
  const secret = config.signIn.codeHmacKey;
  const mail = await openMail(config.mail, { secret, db, service, log });
  const context: BackendContext = {
    db,
    findDeviceSession: prepareFindDeviceSession(db),
    outbox: relay.outbox,
    codes: await createSignInCodes(secret),
    mails: mail.mails,
    mailLimits: config.signIn,
    lookupWaitMs: createLookupLimit(config.lookupRate),
    entitlementDefaults: config.entitlementDefaults,
    now: () => new Date(),
    newId: () => uuidv7(),
    log,
  };
  const consumers = [notificationsPlace(config.notifications.stream)];
  return {
    config,
    context,
    streams: {
      db,
      tables: backendStreamTables,
      consumers,
      states: statesOf(consumers, { read: (work) => work(resources.redis) }),
      putBack: putBackAtOnce(resources.redis),
    },
    relay,
    notificationUpkeep: notificationUpkeep(config, resources, relay),
    notificationWorker: { config, db, redis: resources.redis, mails: mail.mails, log },
    mailWorker: { sender: mail.sender, db, intervalMs: config.mail.intervalMs, log },
    log,
    async close() {
      await Promise.all([mail.close(), relay.outbox.settled()]);
      await closeAll(resources);
    },
  };
}

/** What the outbox relay needs, as a process of its own. @throws StartupError with every problem. */
export async function startOutboxRelay(environment: Environment): Promise<{
  config: OutboxRelayConfig;
  relay: Relay;
  notificationUpkeep: NotificationUpkeep;
  log: Logger;
  close(): Promise<void>;
}> {
  const service = 'backend-outbox-relay';
  const { config, resources } = await start({
    environment,
    variables: outboxRelayVariables,
    requirements: requirements(createLogger({ service, level: 'warn' })),
  });
  const log = createLogger({ service, level: config.logLevel });
  const relay = createRelay(config, resources, log);
  return {
    config,
    relay,
    notificationUpkeep: notificationUpkeep(config, resources, relay),
    log,
    close: () => closeAll(resources),
  };
}

type Resources = { postgres: pg.Pool; redis: Redis };

function requirements(connectionLog: Logger) {
  return { postgres: postgresRequirement(connectionLog), redis: redisRequirement(connectionLog) };
}

function createRelay(config: OutboxRelayConfig, { postgres, redis }: Resources, log: Logger): Relay {
  outboxInstruments.start();
  const db = databaseOn(postgres);
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

function notificationUpkeep(
  { notifications }: OutboxRelayConfig,
  { redis }: Resources,
  { db, log }: Relay,
): NotificationUpkeep {
  return { stream: notifications.stream, db, redis, log };
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
