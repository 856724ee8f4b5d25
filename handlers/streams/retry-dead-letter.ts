import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import type { HttpEnv } from '../../lib/http/env.ts';
import { errorAnswers, id, jsonAnswer, noBody } from '../../lib/http/schemas.ts';
import { retryDeadLetter } from '../../lib/streams/operations.ts';
import { deadLetterSchema, toDeadLetter } from './dead-letter-answer.ts';

export const retryDeadLetterRoute = createRoute({
  method: 'post',
  path: '/api/v1/internal/dead-letters/{dead_letter_id}/retry',
  operationId: 'retryDeadLetter',
  summary: 'Puts an entry into its stream again, at the end',
  tags: ['operations'],
  request: { params: z.strictObject({ dead_letter_id: id }), body: noBody },
  responses: {
    200: jsonAnswer(deadLetterSchema, 'What it was; it is a dead letter no more'),
    ...errorAnswers('not_found', 'invalid_state', 'service_unavailable'),
  },
});

export function retryDeadLetterHandler(
  streams: Parameters<typeof retryDeadLetter>[0],
): RouteHandler<typeof retryDeadLetterRoute, HttpEnv> {
  return async (c) =>
    c.json(toDeadLetter(await retryDeadLetter(streams, c.req.valid('param').dead_letter_id)), 200);
}
