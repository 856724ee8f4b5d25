import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import type { HttpEnv } from '../../lib/http/env.ts';
import { errorAnswers, id, jsonAnswer, noBody } from '../../lib/http/schemas.ts';
import { discardDeadLetter } from '../../lib/streams/operations.ts';
import { deadLetterSchema, toDeadLetter } from './dead-letter-answer.ts';

export const discardDeadLetterRoute = createRoute({
  method: 'post',
  path: '/api/v1/internal/dead-letters/{dead_letter_id}/discard',
  operationId: 'discardDeadLetter',
  summary: 'Gives an entry up for good',
  tags: ['operations'],
  request: { params: z.strictObject({ dead_letter_id: id }), body: noBody },
  responses: {
    200: jsonAnswer(deadLetterSchema, 'What it was'),
    ...errorAnswers('not_found'),
  },
});

export function discardDeadLetterHandler(
  streams: Parameters<typeof discardDeadLetter>[0],
): RouteHandler<typeof discardDeadLetterRoute, HttpEnv> {
  return async (c) =>
    c.json(toDeadLetter(await discardDeadLetter(streams, c.req.valid('param').dead_letter_id)), 200);
}
