// `user:lifecycle_events`: what the backend tells others of users. docs/outbox.md lists the fields.
import { z } from 'zod';
import { integerText } from './stream-fields.ts';

/** Known by `event_id`. */
export const userLifecycleEntry = z.object({
  event_id: z.uuid(),
  event_type: z.enum(['permanent_blocked', 'deleted']),
  user_id: z.uuid(),
  reason_code: z.string(),
  occurred_at_ms: integerText,
});
export type UserLifecycleEvent = z.output<typeof userLifecycleEntry>;
