import { createRoute, z } from '@hono/zod-openapi';
import { callerOf } from '../../lib/http/caller.ts';
import { defineRoute } from '../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noBody } from '../../lib/http/schemas.ts';
import type { Database } from '../../lib/outbox/store.ts';
import { retryDeadLetterAtOnce, type StreamAdmin } from '../../lib/streams/admin.ts';
import { deadLetterSchema, logDecision, toDeadLetter } from './dead-letter-response.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/internal/dead-letters/{dead_letter_id}/retry',
  operationId: 'retryDeadLetter',
  summary: 'Applies an entry again: at the end of its stream, or with all entries of its parked key',
  tags: ['operations'],
  request: { params: z.strictObject({ dead_letter_id: id }), body: noBody },
  responses: {
    200: jsonResponse(
      deadLetterSchema,
      'The dead letter as it was, or, of a parked key, as it is until it is applied',
    ),
    ...errorResponses('not_found', 'invalid_state', 'service_unavailable'),
  },
});

export const retryDeadLetterRoute = <Tx extends Database>(streams: Omit<StreamAdmin<Tx>, 'states'>) =>
  defineRoute(route, async (c) => {
    const { dead_letter_id: id } = c.req.valid('param');
    const caller = callerOf(c);
    const letter = toDeadLetter(await retryDeadLetterAtOnce(streams, caller, id));
    logDecision(c.get('log'), letter, 'retried');
    return c.json(letter, 200);
  });
