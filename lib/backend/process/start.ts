// Start-up of the backend's HTTP side on Node, alone or with all workers: configuration, PostgreSQL with its
// migrations, Redis, and what operations need.

import { redisClusterChecks } from '../../config/redis-cluster-variables.ts';
import { redisHttpChecks, redisTcpChecks } from '../../config/redis-variables.ts';
import { type Check, start } from '../../config/startup.ts';
import type { Environment } from '../../config/variables.ts';
import type { SignAssertion } from '../../operators/assertion.ts';
import { outboxInstruments } from '../../outbox/instruments.ts';
import type { Outbox } from '../../outbox/outbox.ts';
import type { Relay } from '../../outbox/relay.ts';
import type { Postgres } from '../../postgres/pool-options.ts';
import type { Cluster } from '../../redis/cluster.ts';
import type { HttpRedis } from '../../redis/http-redis.ts';
import type { StreamAdmin } from '../../streams/admin.ts';
import { createLogger, type Logger } from '../../telemetry/logger.ts';
import {
  type BackendConfig,
  type BackendHttpConfig,
  backendHttpVariables,
  backendVariables,
  mailLimits,
  oidcClient,
} from '../config.ts';
import type { BackendContext } from '../context.ts';
import { createLookupLimit } from '../lookup-limit.ts';
import type { MailWorker } from '../mail/mail-worker.ts';
import type { NotificationMaintenance } from '../notifications/maintenance.ts';
import type { NotificationWorker } from '../notifications/notification-worker.ts';
import { assembleBackend } from './assemble.ts';
import { mailChecks, type OpenMail, openMail } from './open-mail.ts';
import {
  assertionSignerRequirement,
  backendRequirements,
  httpRedisRequirement,
  postgresRequirement,
  pushClusterRequirement,
} from './requirements.ts';
import { createRelay, notificationMaintenance } from './start-outbox-relay.ts';

type Handling = {
  readonly context: BackendContext;
  readonly streams: StreamAdmin;
  readonly outbox: Outbox;
  readonly log: Logger;
  /** Waits for work that continues after the response to its request, and closes the connections. */
  close(): Promise<void>;
};

export type Backend = Handling & {
  readonly config: BackendConfig;
  /** For a process that also runs the outbox relay. */
  readonly relay: Relay;
  readonly notificationMaintenance: NotificationMaintenance;
  /** For a process that also runs these workers. */
  readonly mailWorker: MailWorker;
  readonly notificationWorker: NotificationWorker;
};

/** The HTTP side together with all workers. @throws StartupError with every problem. */
export async function startBackend(environment: Environment): Promise<Backend> {
  const connectionLog = createLogger({ service, level: 'warn' });
  const { config, resources } = await start({
    environment,
    variables: backendVariables,
    checks: [
      mailLimits,
      oidcClient,
      ...mailChecks,
      ...redisTcpChecks('BACKEND'),
      ...redisClusterChecks('BACKEND_PUSH_REDIS'),
    ],
    requirements: { ...backendRequirements(connectionLog), signAssertion: assertionSignerRequirement },
  });
  const { redis, postgres, pushCluster } = resources;
  const http: HttpRedis = { commands: redis, close: () => redis.disconnect() };
  const { mail, ...handling } = await openHandling(config, { ...resources, redis: http });
  const { db } = postgres;
  const { outbox, log } = handling;
  const relay = createRelay(config, resources, outbox, log);
  return {
    config,
    ...handling,
    relay,
    notificationMaintenance: notificationMaintenance(config, resources, relay),
    notificationWorker: { config, db, redis, push: pushCluster ?? redis, mails: mail.mails, log },
    mailWorker: {
      sender: mail.sender,
      db,
      intervalMs: config.mail.intervalMs,
      windowMs: config.notifications.mailWindowMs,
      log,
    },
  };
}

/**
 * The HTTP side alone. It makes no blocking reads in Redis, so REST is enough for it.
 * @param options.migrates false where a job of its own applies migrations.
 * @param options.checks further checks of the configuration by the runtime.
 * @throws StartupError with every problem.
 */
export async function startBackendHttp(
  environment: Environment,
  { migrates = true, checks = [] }: { migrates?: boolean; checks?: readonly Check<BackendHttpConfig>[] } = {},
): Promise<Handling & { readonly config: BackendHttpConfig }> {
  const connectionLog = createLogger({ service, level: 'warn' });
  const { config, resources } = await start({
    environment,
    variables: backendHttpVariables,
    checks: [
      mailLimits,
      oidcClient,
      ...mailChecks,
      ...redisHttpChecks('BACKEND'),
      ...redisClusterChecks('BACKEND_PUSH_REDIS'),
      ...checks,
    ],
    requirements: {
      postgres: postgresRequirement(connectionLog, migrates),
      redis: httpRedisRequirement(connectionLog),
      pushCluster: pushClusterRequirement(connectionLog),
      signAssertion: assertionSignerRequirement,
    },
  });
  const { mail: _, ...handling } = await openHandling(config, resources);
  return { config, ...handling };
}

const service = 'backend';

async function openHandling(
  config: BackendHttpConfig,
  {
    redis,
    pushCluster,
    postgres,
    signAssertion,
  }: {
    redis: HttpRedis;
    pushCluster: Cluster | undefined;
    postgres: Postgres;
    signAssertion: SignAssertion | undefined;
  },
): Promise<Handling & { mail: OpenMail }> {
  const log = createLogger({ service, level: config.logLevel });
  outboxInstruments.start();
  const { db } = postgres;
  const mail = await openMail(config.mail, { secret: config.signIn.codeHmacKey, db, service, log });
  const { context, streams, outbox } = await assembleBackend(config, {
    db,
    redis: redis.commands,
    push: pushCluster ?? redis.commands,
    mails: mail.mails,
    lookupWaitMs: createLookupLimit(config.lookupRate),
    signAssertion,
    log,
  });
  return {
    context,
    streams,
    outbox,
    mail,
    log,
    async close() {
      await Promise.all([mail.close(), outbox.settled()]);
      redis.close();
      pushCluster?.disconnect();
      await postgres.close();
    },
  };
}
