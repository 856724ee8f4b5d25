// The notification worker: what it needs, and its run. Of any number of replicas one works, by a lease in PostgreSQL;
// notification-intents.ts says what makes a crash at any point safe.
import { v7 as uuidv7 } from 'uuid';
import { redisTcpCheck } from '../../config/redis-variables.ts';
import { start } from '../../config/startup.ts';
import type { Environment } from '../../config/variables.ts';
import type { Redis } from '../../redis/client.ts';
import { type ConsumerParts, runConsumer } from '../../streams/consumer.ts';
import { streamInstruments } from '../../streams/instruments.ts';
import { createLogger, type Logger } from '../../telemetry/logger.ts';
import { type BackendConfig, type NotificationWorkerConfig, notificationWorkerVariables } from '../config.ts';
import type { OutgoingMails } from '../context.ts';
import { writeMails } from '../mail/outgoing-mails.ts';
import { createMailSeal } from '../mail/seal.ts';
import { pushLog } from '../push/log/binary-log.ts';
import { postgresRequirement, redisRequirement } from '../requirements.ts';
import type { Database } from '../store/database.ts';
import { backendStreamTables } from '../store/stream-tables.ts';
import { notificationIntentsConsumer } from './notification-intents.ts';
import { notificationsPlace } from './place.ts';

export type NotificationWorker = {
  readonly config: Pick<BackendConfig, 'notifications' | 'redis'>;
  readonly db: ConsumerParts<Database>['db'];
  readonly redis: Redis;
  readonly mails: Pick<OutgoingMails, 'write'>;
  readonly log: Logger;
};

/** What the worker needs, as a process of its own. @throws StartupError with every problem. */
export async function startNotificationWorker(environment: Environment): Promise<{
  config: NotificationWorkerConfig;
  worker: NotificationWorker;
  log: Logger;
  close(): Promise<void>;
}> {
  const service = 'backend-notifications';
  const connectionLog = createLogger({ service, level: 'warn' });
  const { config, resources } = await start({
    environment,
    variables: notificationWorkerVariables,
    checks: [redisTcpCheck('BACKEND')],
    requirements: {
      postgres: postgresRequirement(connectionLog),
      redis: redisRequirement(connectionLog),
    },
  });
  const { postgres, redis } = resources;
  const log = createLogger({ service, level: config.logLevel });
  const seal = await createMailSeal(config.codeHmacKey);
  const mails = {
    write: (tx, written) => writeMails(tx, seal, written),
  } satisfies NotificationWorker['mails'];
  return {
    config,
    worker: { config, db: postgres.db, redis, mails, log },
    log,
    async close() {
      redis.disconnect();
      await postgres.close();
    },
  };
}

/** Runs until `stop` aborts; never rejects. */
export function keepNotifying(
  { config, db, redis, mails, log }: NotificationWorker,
  stop: AbortSignal,
): Promise<void> {
  streamInstruments.start();
  const { stream, readBlockTimeoutMs: blockMs, mailedTypes } = config.notifications;
  const consumer = notificationIntentsConsumer(
    { mails, mailedTypes, pushLog: pushLog(redis), newId: () => uuidv7() },
    notificationsPlace(stream),
  );
  const { operationTimeoutMs } = config.redis;
  const parts = { db, tables: backendStreamTables, redis, blockMs, operationTimeoutMs, log };
  return runConsumer(consumer, parts, stop);
}
