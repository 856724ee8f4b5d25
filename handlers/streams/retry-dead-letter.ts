import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import type { HttpEnv } from '../../lib/http/env.ts';
import { errorResponses, id, jsonResponse, noBody } from '../../lib/http/schemas.ts';
import { inTransaction } from '../../lib/postgres/transaction.ts';
import { retryDeadLetter, type StreamAdmin } from '../../lib/streams/admin.ts';
import { deadLetterSchema, logDecision, toDeadLetter } from './dead-letter-response.ts';

export const retryDeadLetterRoute = createRoute({
  method: 'post',
  path: '/api/v1/internal/dead-letters/{dead_letter_id}/retry',
  operationId: 'retryDeadLetter',
  summary: 'Puts an entry into its stream again, at the end',
  tags: ['operations'],
  request: { params: z.strictObject({ dead_letter_id: id }), body: noBody },
  responses: {
    200: jsonResponse(deadLetterSchema, 'What it was; it is a dead letter no more'),
    ...errorResponses('not_found', 'invalid_state', 'service_unavailable'),
  },
});

export function retryDeadLetterHandler(
  streams: Omit<StreamAdmin, 'states'>,
): RouteHandler<typeof retryDeadLetterRoute, HttpEnv> {
  return async (c) => {
    const { dead_letter_id: id } = c.req.valid('param');
    const letter = toDeadLetter(await inTransaction(streams.db, (tx) => retryDeadLetter(streams, tx, id)));
    logDecision(c.get('log'), letter, 'put back into its stream');
    return c.json(letter, 200);
  };
}
