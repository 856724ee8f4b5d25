// The publishers of the backend's outbox: session invalidations go to the push log, from which every gateway gets them;
// user lifecycle events go to a stream that the lobby reads, notification intents to the one that the backend reads.
import type { z } from 'zod';
import type { Publish } from '../../outbox/outbox.ts';
import { notificationIntentEntry } from '../../protocol/notification-intents.ts';
import { fieldsOf } from '../../protocol/stream-fields.ts';
import { userLifecycleEntry } from '../../protocol/user-lifecycle.ts';
import type { RedisCommands } from '../../redis/commands.ts';
import { appendSessionInvalidation } from '../push/log/append-session-invalidation.ts';
import { textPushLog } from '../push/log/text-log.ts';
import { sessionInvalidationPayload } from './messages.ts';

export function backendPublishers(
  { redis, push }: { redis: RedisCommands; push: RedisCommands },
  streams: { userLifecycle: string; notificationIntents: string },
): Record<string, Publish> {
  const log = textPushLog(push);
  const to =
    (stream: string, entry: z.ZodObject): Publish =>
    async ({ payload, traceparent }) => {
      await redis.call('XADD', stream, '*', ...fieldsOf(entry, payload), 'traceparent', traceparent ?? '');
    };
  return {
    session_invalidation: async ({ payload }) => {
      const { user_id, device_session_ids, reason } = sessionInvalidationPayload.parse(payload);
      await appendSessionInvalidation(log, {
        userId: user_id,
        deviceSessionIds: device_session_ids,
        reason,
      });
    },
    user_lifecycle: to(streams.userLifecycle, userLifecycleEntry),
    notification_intent: to(streams.notificationIntents, notificationIntentEntry),
  };
}
