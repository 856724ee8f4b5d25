// Consumer of `notification:intents`: tells users of what concerns them. An intent becomes an event of the push log for
// each recipient, and a mail for the types that an operator has chosen.
//
// Guarantees: each recipient is told once of an idempotency key, whatever dies and however often the intent comes, also
// when Redis has lost the log meanwhile: who was told is noted down in PostgreSQL, in the transaction that writes the
// mails. The events are appended before it commits; when it does not, they are appended again, which the log knows
// (log/append-client-event.ts). Recipients who are deleted or blocked by then are passed over. Events of one game come
// in the order of its intents.
import type { NotificationIntent, NotificationType } from '../../protocol/notification-intents.ts';
import { notificationIntentEntry } from '../../protocol/notification-intents.ts';
import { CannotApply, type Consumer } from '../../streams/consumer.ts';
import { markAllProcessed } from '../../streams/store.ts';
import type { BackendContext } from '../context.ts';
import { appendClientEvent, maxEventPayloadBytes } from '../push/log/append-client-event.ts';
import type { PushLog } from '../push/log/log.ts';
import type { Database } from '../store/database.ts';
import { backendStreamTables } from '../store/stream-tables.ts';
import { findActingUsers, type Recipient } from '../store/users.ts';
import { type notificationStream, notificationsName } from './stream.ts';

/** Later than that a mail says nothing new. */
export const mailLifetimeMs = 24 * 3_600_000;

/** Bounds a transaction, and what Redis is asked at once. */
const recipientsAtOnce = 500;

type Deps = Pick<BackendContext, 'newId'> & {
  readonly mails: Pick<BackendContext['mails'], 'write'>;
  readonly pushLog: PushLog;
  /** Types that go by mail, too. */
  readonly mailedTypes: ReadonlySet<NotificationType>;
};

export function notificationIntentsConsumer(
  deps: Deps,
  place: ReturnType<typeof notificationStream>,
): Consumer<NotificationIntent, Database> {
  return {
    ...place,
    entry: notificationIntentEntry,
    orderingKey: ({ payload }) => (typeof payload.game_id === 'string' ? payload.game_id : ''),
    async handle(intent, { traceparent, transaction }) {
      const payload = new TextEncoder().encode(JSON.stringify(intent.payload));
      if (payload.byteLength > maxEventPayloadBytes) {
        throw new CannotApply(
          `the payload has ${payload.byteLength} bytes; an event has at most ${maxEventPayloadBytes}`,
        );
      }
      const recipients = [...new Set(intent.recipient_user_ids.map((id) => id.toLowerCase()))];
      for (let from = 0; from < recipients.length; from += recipientsAtOnce) {
        const some = recipients.slice(from, from + recipientsAtOnce);
        await transaction((tx) => tell(deps, tx, intent, some, { payload, traceparent }));
      }
    },
  };
}

async function tell(
  deps: Deps,
  tx: Database,
  intent: NotificationIntent,
  userIds: readonly string[],
  { payload, traceparent }: { payload: Uint8Array; traceparent: string | undefined },
): Promise<void> {
  const { notification_type: type, idempotency_key: idempotencyKey, occurred_at_ms: occurredAtMs } = intent;
  const mailed = deps.mailedTypes.has(type);
  // Whoever is mailed is not deleted before the mail is there, so that the deletion takes it away.
  const acting = await findActingUsers(tx, userIds, { lock: mailed });
  const eventId = ({ userId }: Recipient) => `${userId}:${idempotencyKey}`;
  const first = await markAllProcessed(tx, backendStreamTables, notificationsName, acting.map(eventId));
  const recipients = acting.filter((user) => first.has(eventId(user)));
  await Promise.all(
    recipients.map(({ userId }) =>
      appendClientEvent(deps.pushLog, {
        recipientUserId: userId,
        idempotencyKey,
        eventType: type,
        timestampMs: occurredAtMs,
        payload,
        traceparent,
      }),
    ),
  );
  if (mailed) await deps.mails.write(tx, recipients.map(toMail(deps, intent)));
}

function toMail(
  { newId }: Deps,
  { notification_type: type, payload, occurred_at_ms: at }: NotificationIntent,
) {
  return ({ email, locale }: Recipient) => ({
    mailId: newId(),
    to: email,
    locale,
    content: { kind: 'notification' as const, type, payload },
    expiresAt: new Date(at + mailLifetimeMs),
  });
}
