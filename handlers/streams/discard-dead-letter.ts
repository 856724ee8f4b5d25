import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import type { HttpEnv } from '../../lib/http/env.ts';
import { errorResponses, id, jsonResponse, noBody } from '../../lib/http/schemas.ts';
import { inTransaction } from '../../lib/postgres/transaction.ts';
import { discardDeadLetter, type StreamAdmin } from '../../lib/streams/admin.ts';
import { deadLetterSchema, logDecision, toDeadLetter } from './dead-letter-response.ts';

export const discardDeadLetterRoute = createRoute({
  method: 'post',
  path: '/api/v1/internal/dead-letters/{dead_letter_id}/discard',
  operationId: 'discardDeadLetter',
  summary: 'Gives an entry up for good',
  tags: ['operations'],
  request: { params: z.strictObject({ dead_letter_id: id }), body: noBody },
  responses: {
    200: jsonResponse(deadLetterSchema, 'What it was'),
    ...errorResponses('not_found'),
  },
});

export function discardDeadLetterHandler(
  streams: Pick<StreamAdmin, 'db' | 'tables'>,
): RouteHandler<typeof discardDeadLetterRoute, HttpEnv> {
  return async (c) => {
    const { dead_letter_id: id } = c.req.valid('param');
    const letter = toDeadLetter(await inTransaction(streams.db, (tx) => discardDeadLetter(streams, tx, id)));
    logDecision(c.get('log'), letter, 'discarded');
    return c.json(letter, 200);
  };
}
