import { createRoute } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { withIdempotencyKey } from '../../../lib/lobby/idempotency.ts';
import type { Tx } from '../../../lib/lobby/store/database.ts';
import { retryDeadLetter } from '../../../lib/streams/admin.ts';
import { logDecision, toDeadLetter } from '../../streams/dead-letter-response.ts';
import { retryDeadLetterRoute as sharedRetryDeadLetterRoute } from '../../streams/retry-dead-letter.ts';
import { callerOf, idempotencyKeyOf, mutationHeaders } from '../request.ts';

/** The route of every service, with an idempotency key. */
export const retryDeadLetterRoute = (lobby: Pick<Lobby, 'db' | 'now' | 'outbox' | 'streams'>) => {
  const { route: shared } = sharedRetryDeadLetterRoute(lobby.streams);
  const route = createRoute({
    ...shared,
    request: { ...shared.request, headers: mutationHeaders },
    responses: {
      ...shared.responses,
      ...errorResponses('not_found', 'invalid_state', 'idempotency_conflict'),
    },
  });
  return defineRoute(route, async (c) => {
    const { dead_letter_id: id } = c.req.valid('param');
    const key = await idempotencyKeyOf(c);
    const work = () => (tx: Tx) => retryDeadLetter(lobby.streams, tx, callerOf(c), id);
    const letter = await withIdempotencyKey(lobby, key, work, toDeadLetter);
    logDecision(c.get('log'), letter, 'retried');
    return c.json(letter, 200);
  });
};
