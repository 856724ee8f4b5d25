import { createRoute, z } from '@hono/zod-openapi';
import { callerOf } from '../../lib/http/caller.ts';
import { defineRoute } from '../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noBody } from '../../lib/http/schemas.ts';
import { inTransaction } from '../../lib/postgres/transaction.ts';
import { discardDeadLetter, type StreamAdmin } from '../../lib/streams/admin.ts';
import { deadLetterSchema, logDecision, toDeadLetter } from './dead-letter-response.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/internal/dead-letters/{dead_letter_id}/discard',
  operationId: 'discardDeadLetter',
  summary: 'Discards an entry permanently',
  tags: ['operations'],
  request: { params: z.strictObject({ dead_letter_id: id }), body: noBody },
  responses: {
    200: jsonResponse(deadLetterSchema, 'The discarded dead letter'),
    ...errorResponses('not_found'),
  },
});

export const discardDeadLetterRoute = (streams: Pick<StreamAdmin, 'db' | 'tables' | 'audit'>) =>
  defineRoute(route, async (c) => {
    const { dead_letter_id: id } = c.req.valid('param');
    const caller = callerOf(c);
    const letter = toDeadLetter(
      await inTransaction(streams.db, (tx) => discardDeadLetter(streams, tx, caller, id)),
    );
    logDecision(c.get('log'), letter, 'discarded');
    return c.json(letter, 200);
  });
