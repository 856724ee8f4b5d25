// What every route of the lobby reads from a request in addition to its own fields.
import { z } from '@hono/zod-openapi';
import { mutationHeaders } from '../../lib/http/idempotency-key.ts';

export { callerOf } from '../../lib/http/caller.ts';
export { idempotencyKeyOf, mutationHeaders } from '../../lib/http/idempotency-key.ts';

const revisionPattern = /^(?:\d{1,9}|"\d{1,9}")$/;

/** Headers of a route that changes a game. */
export const gameMutationHeaders = mutationHeaders.extend({
  'If-Match': z
    .string()
    .regex(revisionPattern, 'must be the revision of the game in digits, such as 3')
    .transform((revision) => Number(revision.replaceAll('"', '')))
    .optional()
    .openapi({
      type: 'string',
      pattern: revisionPattern.source,
      description:
        'The ETag or revision that the change is based on; 412 revision_mismatch if the game has another one now.',
    }),
});
