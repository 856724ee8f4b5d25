import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { withIdempotencyKey } from '../../../lib/lobby/idempotency.ts';
import { releaseRaceName } from '../../../lib/lobby/operations/release-race-name.ts';
import { callerOf, idempotencyKeyOf, mutationHeaders } from '../request.ts';
import { heldNameSchema, toHeldName } from './race-name-responses.ts';
import { reason } from './reason.ts';

const route = createRoute({
  method: 'post',
  path: '/race-names/{race_name_id}/release',
  operationId: 'releaseRaceName',
  summary:
    'Takes a race name from its holder, unless they play under it; any player can have it then; for operators',
  tags: ['operators'],
  request: {
    params: z.strictObject({ race_name_id: id }),
    headers: mutationHeaders,
    body: jsonBody(z.strictObject({ reason })),
  },
  responses: {
    200: jsonResponse(heldNameSchema, 'The name as it was'),
    ...errorResponses('not_found', 'invalid_state', 'idempotency_conflict'),
  },
});

export const releaseRaceNameRoute = (lobby: Lobby) =>
  defineRoute(route, async (c) => {
    const { race_name_id: raceNameId } = c.req.valid('param');
    const { reason } = c.req.valid('json');
    const done = await withIdempotencyKey(
      lobby,
      await idempotencyKeyOf(c),
      () => releaseRaceName(lobby, callerOf(c), { raceNameId, reason }),
      toHeldName,
    );
    c.get('log').info({ race_name_id: raceNameId, user_id: done.user_id, reason }, 'race name released');
    return c.json(done, 200);
  });
