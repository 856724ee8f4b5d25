// What the services tell the console about their streams: dead letters, parked keys and what waits in outboxes.
import { z } from 'zod';
import { page } from './responses.ts';

export const outboxSchema = z.object({
  items: z.array(
    z.object({ kind: z.string(), waiting: z.int(), failing: z.int(), oldest_age_ms: z.number() }),
  ),
  is_complete: z.boolean(),
});
export type Outbox = z.infer<typeof outboxSchema>;

export const parkedKeysSchema = z.object({
  items: z.array(
    z.object({
      consumer: z.string(),
      parked_key: z.string(),
      entries: z.int(),
      first_dead_letter_id: z.string(),
      reason: z.string(),
      parked_at: z.string(),
      retry_requested_at: z.string().nullable(),
    }),
  ),
  is_complete: z.boolean(),
});
export type ParkedKeys = z.infer<typeof parkedKeysSchema>;

export const deadLetterSchema = z.object({
  dead_letter_id: z.string(),
  consumer: z.string(),
  entry_id: z.string(),
  fields: z.record(z.string(), z.string()),
  reason: z.string(),
  parked_key: z.string().nullable(),
  retry_requested_at: z.string().nullable(),
  created_at: z.string(),
});
export type DeadLetter = z.infer<typeof deadLetterSchema>;

export const deadLettersSchema = page(deadLetterSchema);
