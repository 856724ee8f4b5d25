// Trims `notification:intents` and measures how far behind the notification worker is. The outbox relay runs it, so
// that it also reports a worker that stalls or does not run.
import type { Redis } from '../../redis/client.ts';
import { runStreamMaintenance } from '../../streams/maintenance.ts';
import { OldestUnprocessed } from '../../streams/oldest-unprocessed.ts';
import { Instruments } from '../../telemetry/instruments.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Database } from '../store/database.ts';
import { backendStreamTables } from '../store/stream-tables.ts';
import { notificationStream, notificationsName } from './stream.ts';

export const notificationInstruments = new Instruments('galaxy.backend.notifications');

const oldestUnprocessed = new OldestUnprocessed();

notificationInstruments.gauge(
  'backend.notification_intents.oldest_unprocessed_age_ms',
  [],
  'How old the oldest intent is that has not been handled yet; 0 when there is none.',
  (observe) => {
    const ageMs = oldestUnprocessed.ageMs(notificationsName);
    if (ageMs !== undefined) observe(ageMs);
  },
);

export type NotificationMaintenance = {
  readonly stream: string;
  readonly db: Database;
  readonly redis: Redis;
  readonly log: Logger;
};

/** Runs until `stop` aborts; never rejects. Any number of replicas may run it. */
export function maintainNotificationStream(
  { stream, ...parts }: NotificationMaintenance,
  stop: AbortSignal,
): Promise<void> {
  notificationInstruments.start();
  const consumers = [notificationStream(stream)];
  return runStreamMaintenance({ ...parts, tables: backendStreamTables, consumers, oldestUnprocessed }, stop);
}
