// The messages that the backend writes into its outbox. The ordering key is the user's id, so that messages about a
// user are published in the order in which they were decided.
import { z } from 'zod';
import type { NewMessage } from '../../outbox/store.ts';
import type { EventPayload } from '../../protocol/event-types.ts';
import type { NotificationIntent } from '../../protocol/notification-intents.ts';
import type { UserLifecycleEvent } from '../../protocol/user-lifecycle.ts';
import type { DeviceSession } from '../domain/user.ts';

/** Bounds an entry of the push log; a user with more sessions needs several. */
const sessionsPerInvalidation = 500;

/** Why sessions have ended; gateways get this. */
export type InvalidationReason = 'revoked' | 'account_blocked' | 'account_deleted';

export const sessionInvalidationPayload = z.object({
  user_id: z.guid(),
  device_session_ids: z.array(z.guid()).min(1),
  reason: z.string(),
});

export function sessionInvalidations(ended: {
  userId: string;
  deviceSessionIds: readonly string[];
  reason: InvalidationReason;
  traceparent: string | undefined;
}): NewMessage[] {
  const messages: NewMessage[] = [];
  for (let from = 0; from < ended.deviceSessionIds.length; from += sessionsPerInvalidation) {
    const payload: z.infer<typeof sessionInvalidationPayload> = {
      user_id: ended.userId,
      device_session_ids: ended.deviceSessionIds.slice(from, from + sessionsPerInvalidation),
      reason: ended.reason,
    };
    const { userId: orderingKey, traceparent } = ended;
    messages.push({ kind: 'session_invalidation', orderingKey, payload, traceparent });
  }
  return messages;
}

/**
 * Notifies a user of a new session of theirs. Only by its id: outbox and streams keep what they hold for days, also when
 * the account was deleted.
 */
export function sessionCreated(
  { deviceSessionId, userId: orderingKey, createdAt }: DeviceSession,
  traceparent: string | undefined,
): NewMessage {
  const created: EventPayload<'user.session.created'> = {
    device_session_id: deviceSessionId,
    created_at: createdAt.toISOString(),
  };
  const payload: NotificationIntent = {
    notification_type: 'user.session.created',
    producer: 'backend',
    recipient_user_ids: [orderingKey],
    idempotency_key: `user.session.created:${deviceSessionId}`,
    payload: created,
    occurred_at_ms: createdAt.getTime(),
  };
  return { kind: 'notification_intent', orderingKey, payload, traceparent };
}

/** Notifies a user of a change of their account. Without addresses, for the same reason. */
export function accountChanged<
  T extends 'user.email.changed' | 'user.recovery_codes.created' | 'user.recovery_code.used',
>(event: {
  type: T;
  userId: string;
  eventId: string;
  at: Date;
  payload: EventPayload<T>;
  traceparent: string | undefined;
}): NewMessage {
  const { type, userId: orderingKey, eventId, at, traceparent } = event;
  const payload: NotificationIntent = {
    notification_type: type,
    producer: 'backend',
    recipient_user_ids: [orderingKey],
    idempotency_key: `${type}:${eventId}`,
    payload: event.payload,
    occurred_at_ms: at.getTime(),
  };
  return { kind: 'notification_intent', orderingKey, payload, traceparent };
}

export function userLifecycleEvent(event: {
  eventId: string;
  eventType: UserLifecycleEvent['event_type'];
  userId: string;
  reasonCode: string;
  addressHash?: string;
  at: Date;
  traceparent: string | undefined;
}): NewMessage {
  const payload: UserLifecycleEvent = {
    event_id: event.eventId,
    event_type: event.eventType,
    user_id: event.userId,
    reason_code: event.reasonCode,
    ...(event.addressHash === undefined ? {} : { address_hash: event.addressHash }),
    occurred_at_ms: event.at.getTime(),
  };
  const { userId: orderingKey, traceparent } = event;
  return { kind: 'user_lifecycle', orderingKey, payload, traceparent };
}
