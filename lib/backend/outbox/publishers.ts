// The publishers of the backend's outbox: session invalidations go to the push log, from which every gateway gets them;
// user lifecycle events go to a stream that the lobby reads.
import type { Publish } from '../../outbox/outbox.ts';
import { fieldsOf } from '../../protocol/stream-fields.ts';
import { userLifecycleEntry } from '../../protocol/user-lifecycle.ts';
import type { RedisCommands } from '../../redis/commands.ts';
import { appendSessionInvalidation } from '../push/log/append-session-invalidation.ts';
import { textPushLog } from '../push/log/text-log.ts';
import { sessionInvalidationPayload } from './messages.ts';

export function backendPublishers(
  { redis, push }: { redis: RedisCommands; push: RedisCommands },
  userLifecycleStream: string,
): Record<string, Publish> {
  const log = textPushLog(push);
  return {
    session_invalidation: async ({ payload }) => {
      const { user_id, device_session_ids, reason } = sessionInvalidationPayload.parse(payload);
      await appendSessionInvalidation(log, {
        userId: user_id,
        deviceSessionIds: device_session_ids,
        reason,
      });
    },
    user_lifecycle: async ({ payload, traceparent }) => {
      const fields = fieldsOf(userLifecycleEntry, payload);
      await redis.call('XADD', userLifecycleStream, '*', ...fields, 'traceparent', traceparent ?? '');
    },
  };
}
