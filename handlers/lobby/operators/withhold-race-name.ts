import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { withIdempotencyKey } from '../../../lib/lobby/idempotency.ts';
import { withholdRaceName } from '../../../lib/lobby/operations/withhold-race-name.ts';
import { raceNameBody } from '../race-name-body.ts';
import { callerOf, idempotencyKeyOf, mutationHeaders } from '../request.ts';
import { toWithheldName, withheldNameSchema } from './race-name-responses.ts';
import { reason } from './reason.ts';

const route = createRoute({
  method: 'post',
  path: '/withheld-race-names',
  operationId: 'withholdRaceName',
  summary: 'Keeps a race name, and all that look like it, from all players; for operators',
  tags: ['operators'],
  request: {
    headers: mutationHeaders,
    body: jsonBody(z.strictObject({ ...raceNameBody.shape, reason })),
  },
  responses: {
    200: jsonResponse(withheldNameSchema, 'The withheld name'),
    ...errorResponses('race_name_taken', 'idempotency_conflict'),
  },
});

export const withholdRaceNameRoute = (lobby: Lobby) =>
  defineRoute(route, async (c) => {
    const { race_name: name, reason } = c.req.valid('json');
    const done = await withIdempotencyKey(
      lobby,
      await idempotencyKeyOf(c),
      () => withholdRaceName(lobby, callerOf(c), { name, reason }),
      toWithheldName,
    );
    c.get('log').info({ withheld_name_id: done.withheld_name_id, reason }, 'race name withheld');
    return c.json(done, 200);
  });
