import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { errorAnswers, id, jsonAnswer, noBody } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { answerOnce } from '../../../lib/lobby/idempotency.ts';
import { discardDeadLetter } from '../../../lib/lobby/operations/dead-letters.ts';
import { deadLetterSchema, toDeadLetter } from '../../streams/dead-letter-answer.ts';
import { idempotencyKeyOf, mutationHeaders } from '../request.ts';

export const discardDeadLetterRoute = createRoute({
  method: 'post',
  path: '/dead-letters/{dead_letter_id}/discard',
  operationId: 'discardDeadLetter',
  summary: 'Throws a dead letter away',
  tags: ['operations'],
  request: { params: z.strictObject({ dead_letter_id: id }), headers: mutationHeaders, body: noBody },
  responses: {
    200: jsonAnswer(deadLetterSchema, 'The dead letter, which is none any more'),
    ...errorAnswers('not_found', 'idempotency_conflict'),
  },
});

export function discardDeadLetterHandler(
  lobby: Pick<Lobby, 'db' | 'now' | 'outbox'>,
): RouteHandler<typeof discardDeadLetterRoute, HttpEnv> {
  return async (c) => {
    const { dead_letter_id } = c.req.valid('param');
    const key = await idempotencyKeyOf(c);
    const answer = await answerOnce(lobby, key, () => discardDeadLetter(dead_letter_id), toDeadLetter);
    const { consumer, entry_id, reason } = answer;
    c.get('log').warn({ dead_letter_id, consumer, entry_id, reason }, 'dead letter discarded');
    return c.json(answer, 200);
  };
}
