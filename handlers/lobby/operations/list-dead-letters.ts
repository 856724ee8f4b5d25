import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { pageOf, pageQuery } from '../../../lib/http/paging.ts';
import { errorAnswers, jsonAnswer } from '../../../lib/http/schemas.ts';
import { consumerNames } from '../../../lib/lobby/consumers/places.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { pageOfDeadLetters } from '../../../lib/lobby/operations/dead-letters.ts';
import { deadLetterSchema, toDeadLetter } from '../../streams/dead-letter-answer.ts';
import { pageRequestOf, placeToken, toPage } from '../paging.ts';

export const listDeadLettersRoute = createRoute({
  method: 'get',
  path: '/dead-letters',
  operationId: 'listDeadLetters',
  summary: 'Entries of streams that could not be applied, oldest first',
  tags: ['operations'],
  request: { query: z.strictObject({ ...pageQuery, consumer: z.enum(consumerNames).optional() }) },
  responses: { 200: jsonAnswer(pageOf(deadLetterSchema), 'A page of dead letters'), ...errorAnswers() },
});

const token = placeToken('dead-letters');

export function listDeadLettersHandler(
  lobby: Pick<Lobby, 'db'>,
): RouteHandler<typeof listDeadLettersRoute, HttpEnv> {
  return async (c) => {
    const query = c.req.valid('query');
    const page = await pageOfDeadLetters(lobby, query.consumer, pageRequestOf(token, query));
    return c.json(toPage(token, page, toDeadLetter), 200);
  };
}
