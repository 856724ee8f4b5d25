import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { withIdempotencyKey } from '../../../lib/lobby/idempotency.ts';
import { giveBackRaceName } from '../../../lib/lobby/operations/give-back-race-name.ts';
import { callerOf, idempotencyKeyOf, mutationHeaders } from '../request.ts';
import { toWithheldName, withheldNameSchema } from './race-name-responses.ts';
import { reason } from './reason.ts';

const route = createRoute({
  method: 'post',
  path: '/withheld-race-names/{withheld_name_id}/release',
  operationId: 'giveBackRaceName',
  summary: 'Lets players have a withheld race name again; for operators',
  tags: ['operators'],
  request: {
    params: z.strictObject({ withheld_name_id: id }),
    headers: mutationHeaders,
    body: jsonBody(z.strictObject({ reason })),
  },
  responses: {
    200: jsonResponse(withheldNameSchema, 'The name as it was withheld'),
    ...errorResponses('not_found', 'idempotency_conflict'),
  },
});

export const giveBackRaceNameRoute = (lobby: Lobby) =>
  defineRoute(route, async (c) => {
    const { withheld_name_id: withheldNameId } = c.req.valid('param');
    const { reason } = c.req.valid('json');
    const done = await withIdempotencyKey(
      lobby,
      await idempotencyKeyOf(c),
      () => giveBackRaceName(lobby, callerOf(c), { withheldNameId, reason }),
      toWithheldName,
    );
    c.get('log').info({ withheld_name_id: withheldNameId, reason }, 'withheld race name released');
    return c.json(done, 200);
  });
