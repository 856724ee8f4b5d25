// The notification worker. Of any number of replicas one is active, by a lease in PostgreSQL; notification-intents.ts
// says what makes a crash at any point safe.
import { v7 as uuidv7 } from 'uuid';
import type { Redis } from '../../redis/client.ts';
import { type ConsumerParts, runConsumer } from '../../streams/consumer.ts';
import { streamInstruments } from '../../streams/instruments.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { BackendConfig } from '../config.ts';
import type { OutgoingMails } from '../context.ts';
import { pushLog } from '../push/log/binary-log.ts';
import type { Database } from '../store/database.ts';
import { backendStreamTables } from '../store/stream-tables.ts';
import { notificationIntentsConsumer } from './notification-intents.ts';
import { notificationStream } from './stream.ts';

export type NotificationWorker = {
  readonly config: Pick<BackendConfig, 'notifications' | 'redis'>;
  readonly db: ConsumerParts<Database>['db'];
  readonly redis: Redis;
  /** The Redis that holds the push log. */
  readonly push: Parameters<typeof pushLog>[0];
  readonly mails: Pick<OutgoingMails, 'write'>;
  readonly log: Logger;
};

/** Runs until `stop` aborts; never rejects. */
export function runNotificationWorker(
  { config, db, redis, push, mails, log }: NotificationWorker,
  stop: AbortSignal,
): Promise<void> {
  streamInstruments.start();
  const { stream, readBlockTimeoutMs: blockMs, mailedTypes, mailWindowMs } = config.notifications;
  const consumer = notificationIntentsConsumer(
    { mails, mailedTypes, mailWindowMs, pushLog: pushLog(push), newId: () => uuidv7() },
    notificationStream(stream),
  );
  const { operationTimeoutMs } = config.redis;
  const parts = { db, tables: backendStreamTables, redis, blockMs, operationTimeoutMs, log };
  return runConsumer(consumer, parts, stop);
}
