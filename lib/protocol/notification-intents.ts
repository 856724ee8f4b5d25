// `notification:intents`: asks the backend to notify users. docs/notifications.md lists types and fields.
import { z } from 'zod';
import { integerText, jsonText } from './stream-fields.ts';

/** What users can be mailed about, too. A new type needs a text in every language (lib/backend/mail/texts). */
export const mailableTypes = [
  'lobby.application.submitted',
  'lobby.application.approved',
  'lobby.application.rejected',
  'lobby.invite.created',
  'lobby.invite.redeemed',
  'lobby.invite.declined',
  'lobby.invite.revoked',
  'lobby.invite.expired',
  'lobby.membership.left',
  'lobby.membership.removed',
  'lobby.membership.blocked',
  'lobby.membership.unblocked',
  'lobby.enrollment.closed',
  'lobby.enrollment.underfilled',
  'lobby.enrollment.reopened',
  'lobby.game.started',
  'lobby.game.start_failed',
  'lobby.game.paused',
  'lobby.game.resumed',
  'lobby.game.turn_advanced',
  'lobby.game.finished',
  'lobby.game.cancelled',
  'lobby.runtime_paused_after_start',
  'lobby.race_name.registration_eligible',
  'lobby.race_name.registration_denied',
  'lobby.race_name.registered',
  'lobby.race_name.expired',
  'game.turn.due_soon',
  'game.turn.waiting_for_you',
  'game.engine.failing',
] as const;
export type MailableType = (typeof mailableTypes)[number];

/**
 * What users are notified of. An engine's event says something only to clients of its game; the backend itself mails
 * about an account and its sessions, always.
 */
export const notificationTypes = [
  ...mailableTypes,
  'game.engine.event',
  'user.session.created',
  'user.email.changed',
  'user.recovery_codes.created',
  'user.recovery_code.used',
] as const;
export type NotificationType = (typeof notificationTypes)[number];

/** Identified by `idempotency_key`, per recipient. */
export const notificationIntentEntry = z.object({
  notification_type: z.enum(notificationTypes),
  producer: z.string(),
  recipient_user_ids: jsonText(z.array(z.guid()).min(1)),
  idempotency_key: z.string().min(1).max(256),
  payload: jsonText(z.record(z.string(), z.unknown())),
  occurred_at_ms: integerText,
});
export type NotificationIntent = z.output<typeof notificationIntentEntry>;
