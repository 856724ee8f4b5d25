import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { errorAnswers, id, jsonAnswer, noBody } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { answerOnce } from '../../../lib/lobby/idempotency.ts';
import { retryDeadLetter } from '../../../lib/lobby/operations/dead-letters.ts';
import { deadLetterSchema, toDeadLetter } from '../../streams/dead-letter-answer.ts';
import { idempotencyKeyOf, mutationHeaders } from '../request.ts';

export const retryDeadLetterRoute = createRoute({
  method: 'post',
  path: '/dead-letters/{dead_letter_id}/retry',
  operationId: 'retryDeadLetter',
  summary: 'Puts a dead letter back at the end of its stream, to be consumed anew',
  tags: ['operations'],
  request: { params: z.strictObject({ dead_letter_id: id }), headers: mutationHeaders, body: noBody },
  responses: {
    200: jsonAnswer(deadLetterSchema, 'The dead letter, which is none any more'),
    ...errorAnswers('not_found', 'invalid_state', 'idempotency_conflict'),
  },
});

export function retryDeadLetterHandler(
  lobby: Pick<Lobby, 'db' | 'now' | 'outbox'>,
): RouteHandler<typeof retryDeadLetterRoute, HttpEnv> {
  return async (c) => {
    const { dead_letter_id } = c.req.valid('param');
    const key = await idempotencyKeyOf(c);
    const answer = await answerOnce(lobby, key, () => retryDeadLetter(lobby, dead_letter_id), toDeadLetter);
    const { consumer, entry_id, reason } = answer;
    c.get('log').warn({ dead_letter_id, consumer, entry_id, reason }, 'dead letter put back into its stream');
    return c.json(answer, 200);
  };
}
