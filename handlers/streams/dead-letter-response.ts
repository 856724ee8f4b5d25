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
    parked_key: z.string().nullable().openapi({
      description: 'The game or user whose later entries wait behind this one; `null` when none waits.',
    }),
    retry_requested_at: timestamp
      .nullable()
      .openapi({ description: 'Since when the consumer is to apply the entries of the key.' }),
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
    parked_key: letter.parkedKey,
    retry_requested_at: letter.retryRequestedAt?.toISOString() ?? null,
    created_at: letter.createdAt.toISOString(),
  };
}

/** The log of the request already names the admin. */
export function logDecision(
  log: Logger,
  letter: DeadLetterResponse,
  decision: 'retried' | 'discarded',
): void {
  const { dead_letter_id, consumer, entry_id, reason, parked_key } = letter;
  const what = parked_key === null || decision === 'discarded' ? 'dead letter' : 'parked key';
  log.warn({ dead_letter_id, consumer, entry_id, reason, parked_key }, `${what} ${decision}`);
}
