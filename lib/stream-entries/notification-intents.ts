// `notification:intents`: asks the backend to tell users of something. docs/lobby.md lists the fields.
import { z } from 'zod';
import { integerText, jsonText } from './fields.ts';

/** Known by `idempotency_key`, per recipient. */
export const notificationIntentEntry = z.object({
  /** Such as `lobby.game.paused`. */
  notification_type: z.string().regex(/^[a-z]+(\.[a-z_]+)+$/),
  producer: z.string(),
  recipient_user_ids: jsonText(z.array(z.uuid()).min(1)),
  idempotency_key: z.string().min(1),
  payload: jsonText(z.record(z.string(), z.unknown())),
  occurred_at_ms: integerText,
});
export type NotificationIntent = z.output<typeof notificationIntentEntry>;
