import { z } from '@hono/zod-openapi';
import { id, timestamp } from '../../lib/http/schemas.ts';
import type { DeadLetter } from '../../lib/streams/store.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';

export const deadLetterSchema = z
  .object({
    dead_letter_id: id,
    consumer: z.string(),
    entry_id: z
      .string()
      .openapi({ description: 'The id of the entry in its stream, which may have been trimmed.' }),
    fields: z.record(z.string(), z.string()).openapi({ description: 'The fields of the entry.' }),
    reason: z.string().openapi({ description: 'Why it could not be applied.' }),
    created_at: timestamp,
  })
  .openapi('DeadLetter');

type DeadLetterResponse = z.infer<typeof deadLetterSchema>;

export function toDeadLetter(letter: DeadLetter): DeadLetterResponse {
  return {
    dead_letter_id: letter.deadLetterId,
    consumer: letter.consumer,
    entry_id: letter.entryId,
    fields: { ...letter.fields },
    reason: letter.reason,
    created_at: letter.createdAt.toISOString(),
  };
}

/** The log of the request already names the admin. */
export function logDecision(
  log: Logger,
  letter: DeadLetterResponse,
  decision: 'put back into its stream' | 'discarded',
): void {
  const { dead_letter_id, consumer, entry_id, reason } = letter;
  log.warn({ dead_letter_id, consumer, entry_id, reason }, `dead letter ${decision}`);
}
