import { z } from '@hono/zod-openapi';
import { id, timestamp } from '../../lib/http/schemas.ts';
import type { DeadLetter } from '../../lib/streams/store.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';

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

type Answer = z.infer<typeof deadLetterSchema>;

export function toDeadLetter(letter: DeadLetter): Answer {
  return {
    dead_letter_id: letter.deadLetterId,
    consumer: letter.consumer,
    entry_id: letter.entryId,
    fields: { ...letter.fields },
    reason: letter.reason,
    created_at: letter.createdAt.toISOString(),
  };
}

/** Who decided is what the log of the request names already. */
export function logDecision(
  log: Logger,
  letter: Answer,
  decision: 'put back into its stream' | 'discarded',
): void {
  const { dead_letter_id, consumer, entry_id, reason } = letter;
  log.warn({ dead_letter_id, consumer, entry_id, reason }, `dead letter ${decision}`);
}
