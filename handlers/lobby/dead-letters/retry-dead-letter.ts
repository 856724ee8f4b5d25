import { createRoute, type RouteHandler } from '@hono/zod-openapi';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { errorResponses } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { withIdempotencyKey } from '../../../lib/lobby/idempotency.ts';
import type { Tx } from '../../../lib/lobby/store/database.ts';
import { retryDeadLetter } from '../../../lib/streams/admin.ts';
import { logDecision, toDeadLetter } from '../../streams/dead-letter-response.ts';
import { retryDeadLetterRoute as anywhere } from '../../streams/retry-dead-letter.ts';
import { idempotencyKeyOf, mutationHeaders } from '../request.ts';

export const retryDeadLetterRoute = createRoute({
  ...anywhere,
  request: { ...anywhere.request, headers: mutationHeaders },
  responses: {
    ...anywhere.responses,
    ...errorResponses('not_found', 'invalid_state', 'idempotency_conflict'),
  },
});

export function retryDeadLetterHandler(
  lobby: Pick<Lobby, 'db' | 'now' | 'outbox' | 'streams'>,
): RouteHandler<typeof retryDeadLetterRoute, HttpEnv> {
  return async (c) => {
    const { dead_letter_id: id } = c.req.valid('param');
    const key = await idempotencyKeyOf(c);
    const work = () => (tx: Tx) => retryDeadLetter(lobby.streams, tx, id);
    const letter = await withIdempotencyKey(lobby, key, work, toDeadLetter);
    logDecision(c.get('log'), letter, 'put back into its stream');
    return c.json(letter, 200);
  };
}
