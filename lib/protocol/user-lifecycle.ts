// `user:lifecycle_events`: what the backend reports to other services about users. docs/outbox.md lists the fields.
import { z } from 'zod';
import { integerText } from './stream-fields.ts';

/** Identified by `event_id`. */
export const userLifecycleEntry = z.object({
  event_id: z.guid(),
  event_type: z.enum(['permanent_blocked', 'deleted']),
  user_id: z.guid(),
  reason_code: z.string(),
  /** With `deleted`: a keyed hash of the address that the account had. */
  address_hash: z.string().min(1).max(128).optional(),
  occurred_at_ms: integerText,
});
export type UserLifecycleEvent = z.output<typeof userLifecycleEntry>;
