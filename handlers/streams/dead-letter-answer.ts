import { z } from '@hono/zod-openapi';
import { id, timestamp } from '../../lib/http/schemas.ts';
import type { DeadLetter } from '../../lib/streams/store.ts';

export const deadLetterSchema = z
  .object({
    dead_letter_id: id,
    consumer: z.string(),
    entry_id: z.string().openapi({ description: 'Of the entry in its stream, from where it may be gone.' }),
    fields: z.record(z.string(), z.string()).openapi({ description: 'What the entry said.' }),
    reason: z.string().openapi({ description: 'Why it could not be applied.' }),
    created_at: timestamp,
  })
  .openapi('DeadLetter');

export function toDeadLetter(letter: DeadLetter): z.infer<typeof deadLetterSchema> {
  return {
    dead_letter_id: letter.deadLetterId,
    consumer: letter.consumer,
    entry_id: letter.entryId,
    fields: { ...letter.fields },
    reason: letter.reason,
    created_at: letter.createdAt.toISOString(),
  };
}
