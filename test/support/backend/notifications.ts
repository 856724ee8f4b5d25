// The notification worker on a test's backend and push log, and intents for it.
import { randomUUID } from 'node:crypto';
import { vi } from 'vitest';
import {
  type NotificationWorker,
  runNotificationWorker,
} from '../../../lib/backend/notifications/notification-worker.ts';
import { notificationStream } from '../../../lib/backend/notifications/stream.ts';
import type { ClientEventEntry } from '../../../lib/backend/push/log/entry.ts';
import { readState } from '../../../lib/backend/push/log/read-global.ts';
import { databaseOn } from '../../../lib/postgres/database.ts';
import {
  type MailableType,
  type NotificationIntent,
  notificationIntentEntry,
} from '../../../lib/protocol/notification-intents.ts';
import { fieldsOf } from '../../../lib/protocol/stream-fields.ts';
import { type LogLine, recordingLog } from '../run/log-lines.ts';
import type { TestBackend } from './backend.ts';
import type { TestPushLog } from './push-log.ts';

const stream = 'notification:intents';
/** Longer than any test. */
export const mailWindowMs = 900_000;
export const consumedStream = notificationStream(stream);

export const newIntent = (
  recipients: readonly string[],
  more: Partial<NotificationIntent> = {},
): NotificationIntent => ({
  notification_type: 'lobby.game.started',
  producer: 'lobby',
  recipient_user_ids: [...recipients],
  idempotency_key: `lobby.game.started:${randomUUID()}`,
  payload: { game_id: 'g', game_name: 'Andromeda' },
  occurred_at_ms: 1_769_860_800_123,
  ...more,
});

export const intentFields = (intent: NotificationIntent, traceparent = ''): string[] => [
  ...fieldsOf(notificationIntentEntry, intent),
  'traceparent',
  traceparent,
];

export type TestNotifications = {
  /** Publishes intents, as an outbox does. @returns the id of the last one. */
  publish(...intents: readonly NotificationIntent[]): Promise<string>;
  /** @param fields names and values in turns. */
  publishFields(fields: readonly string[]): Promise<string>;
  /** Resolves when everything up to this entry has been handled. */
  handled(entryId: string): Promise<void>;
  /** The events of a user, oldest first. */
  eventsOf(userId: string): Promise<ClientEventEntry[]>;
  /** A process that works, until `stop`. */
  start(options?: { mailedTypes?: readonly MailableType[]; mails?: NotificationWorker['mails'] }): {
    readonly lines: LogLine[];
    stop(): Promise<void>;
  };
};

export function testNotifications(backend: TestBackend, log: TestPushLog): TestNotifications {
  const publishFields = async (fields: readonly string[]) => {
    const id = await log.redis.xadd(stream, '*', ...fields);
    if (id === null) throw new Error('a stream that is not trimmed takes every entry');
    return id;
  };
  return {
    async publish(...intents) {
      let last = '';
      for (const intent of intents) last = await publishFields(intentFields(intent));
      return last;
    },
    publishFields,
    handled: (entryId) =>
      vi.waitFor(
        async () => {
          const offset = await log.redis.get(consumedStream.offsetKey);
          if (offset !== entryId) throw new Error(`the offset is ${offset}, not yet ${entryId}`);
        },
        { timeout: 15_000 },
      ),
    async eventsOf(userId) {
      const { epoch, floor } = await readState(log.log);
      const entries = await log.readAll({ epoch, id: floor }, 100);
      return entries.flatMap((entry) =>
        entry.kind === 'client_event' && entry.userId === userId ? [entry] : [],
      );
    },
    start({ mailedTypes = [], mails = backend.outgoingMails } = {}) {
      const { log: logger, lines } = recordingLog();
      const stop = new AbortController();
      const worker: NotificationWorker = {
        config: {
          notifications: {
            stream,
            readBlockTimeoutMs: 200,
            mailedTypes: new Set(mailedTypes),
            mailWindowMs,
          },
          redis: {
            addr: { host: log.server.host, port: log.server.port },
            password: log.server.password,
            db: log.server.db,
            tls: false,
            username: undefined,
            tlsCaPath: undefined,
            sentinel: { addrs: [], masterName: '', password: undefined },
            rest: { url: undefined, token: undefined },
            operationTimeoutMs: 5_000,
          },
        },
        db: databaseOn(backend.pool),
        redis: log.redis,
        push: log.redis,
        mails,
        log: logger,
      };
      const working = runNotificationWorker(worker, stop.signal);
      return {
        lines,
        async stop() {
          stop.abort();
          await working;
        },
      };
    },
  };
}
