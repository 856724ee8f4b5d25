// Consumer of `notification:intents`: notifies users. An intent becomes an event of the push log for each recipient,
// and a mail for the types that an operator has chosen; mails of some types are coalesced (mail/outgoing-mails.ts).
//
// Guarantees: each recipient is notified once of an idempotency key, after a crash at any point and however often the
// intent comes, even if Redis has lost the log: PostgreSQL records who was notified, in the transaction that writes the
// mails. The events are appended before it commits; when it does not, they are appended again, and the log drops the
// repeats (push/log/append-client-event.ts). Recipients who are deleted or blocked by then are skipped. Events of one
// game come in the order of its intents.
import type { MailableType, NotificationIntent } from '../../protocol/notification-intents.ts';
import { notificationIntentEntry } from '../../protocol/notification-intents.ts';
import { CannotApply, type Consumer } from '../../streams/consumer.ts';
import { markAllProcessed } from '../../streams/store.ts';
import type { BackendContext } from '../context.ts';
import { coalescedTypes, noticeLifetimeMs } from '../mail/mail.ts';
import type { NewMail } from '../mail/outgoing-mails.ts';
import { appendClientEvent, maxEventPayloadBytes } from '../push/log/append-client-event.ts';
import type { PushLog } from '../push/log/log.ts';
import type { Database } from '../store/database.ts';
import { findOptedOut } from '../store/mail-opt-outs.ts';
import { backendStreamTables } from '../store/stream-tables.ts';
import { findActingUsers, type Recipient } from '../store/users.ts';
import { type notificationStream, notificationsName } from './stream.ts';

/** Bounds a transaction, and the commands that Redis gets at once. */
const recipientsPerTransaction = 500;

type Deps = Pick<BackendContext, 'newId'> & {
  readonly mails: Pick<BackendContext['mails'], 'write'>;
  readonly pushLog: PushLog;
  /** Types that are also mailed. */
  readonly mailedTypes: ReadonlySet<MailableType>;
  /** How long further notices are counted after one that was mailed. */
  readonly mailWindowMs: number;
};

export function notificationIntentsConsumer(
  deps: Deps,
  consumedStream: ReturnType<typeof notificationStream>,
): Consumer<NotificationIntent, Database> {
  return {
    ...consumedStream,
    entry: notificationIntentEntry,
    // What is not about a game is about its only recipient.
    orderingKey: ({ payload, recipient_user_ids: [first = ''] }) =>
      typeof payload.game_id === 'string' ? payload.game_id : first,
    async handle(intent, { traceparent, transaction }) {
      const payload = new TextEncoder().encode(JSON.stringify(intent.payload));
      if (payload.byteLength > maxEventPayloadBytes) {
        throw new CannotApply(
          `the payload has ${payload.byteLength} bytes; an event may have ${maxEventPayloadBytes} at most`,
        );
      }
      const recipients = [...new Set(intent.recipient_user_ids.map((id) => id.toLowerCase()))];
      for (let from = 0; from < recipients.length; from += recipientsPerTransaction) {
        const batch = recipients.slice(from, from + recipientsPerTransaction);
        await transaction((tx) => notify(deps, tx, intent, batch, { payload, traceparent }));
      }
    },
  };
}

async function notify(
  deps: Deps,
  tx: Database,
  intent: NotificationIntent,
  userIds: readonly string[],
  { payload, traceparent }: { payload: Uint8Array; traceparent: string | undefined },
): Promise<void> {
  const { notification_type: type, idempotency_key: idempotencyKey, occurred_at_ms: occurredAtMs } = intent;
  const mailed = [...deps.mailedTypes].find((mailedType) => mailedType === type);
  // The lock keeps recipients from being deleted before their mails are written, so that a deletion removes these, too.
  const acting = await findActingUsers(tx, userIds, { lock: mailed !== undefined });
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
  if (mailed === undefined) return;
  const optedOut = await findOptedOut(
    tx,
    recipients.map(({ userId }) => userId),
    mailed,
  );
  const wanting = recipients.filter(({ userId }) => !optedOut.has(userId));
  await deps.mails.write(tx, wanting.map(toMail(deps, { ...intent, type: mailed })));
}

function toMail(
  { newId, mailWindowMs: windowMs }: Deps,
  intent: NotificationIntent & { type: MailableType },
): (recipient: Recipient) => NewMail {
  const { type, payload } = intent;
  const isCoalesced = coalescedTypes.some((coalescedType) => coalescedType === type);
  const gameId = isCoalesced && typeof payload.game_id === 'string' ? payload.game_id : undefined;
  return ({ userId, email, locale }) => ({
    mailId: newId(),
    to: email,
    locale,
    content: { kind: 'notification', type, payload, user_id: userId },
    expiresAt: expiryOf(intent),
    ...(gameId !== undefined && { coalesce: { userId, kind: type, gameId, windowMs } }),
  });
}

/** A reminder of a turn is of no use once the turn is due. */
function expiryOf({ type, payload, occurred_at_ms: at }: NotificationIntent & { type: MailableType }): Date {
  const isReminder = type === 'game.turn.due_soon' || type === 'game.turn.waiting_for_you';
  const dueAt = isReminder && typeof payload.due_at === 'string' ? Date.parse(payload.due_at) : Number.NaN;
  return new Date(Number.isNaN(dueAt) ? at + noticeLifetimeMs : Math.min(at + noticeLifetimeMs, dueAt));
}
