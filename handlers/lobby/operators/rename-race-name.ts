import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { withIdempotencyKey } from '../../../lib/lobby/idempotency.ts';
import { renameRaceName } from '../../../lib/lobby/operations/rename-race-name.ts';
import { raceNameBody } from '../race-name-body.ts';
import { callerOf, idempotencyKeyOf, mutationHeaders } from '../request.ts';
import { heldNameSchema, toHeldName } from './race-name-responses.ts';
import { reason } from './reason.ts';

const route = createRoute({
  method: 'post',
  path: '/race-names/{race_name_id}/rename',
  operationId: 'renameRaceName',
  summary: 'Gives the holder of a registered race name another one in its place; for operators',
  tags: ['operators'],
  request: {
    params: z.strictObject({ race_name_id: id }),
    headers: mutationHeaders,
    body: jsonBody(z.strictObject({ ...raceNameBody.shape, reason })),
  },
  responses: {
    200: jsonResponse(heldNameSchema, 'The name as it is now'),
    ...errorResponses(
      'not_found',
      'invalid_state',
      'race_name_taken',
      'subject_not_found',
      'idempotency_conflict',
    ),
  },
});

export const renameRaceNameRoute = (lobby: Lobby) =>
  defineRoute(route, async (c) => {
    const { race_name_id: raceNameId } = c.req.valid('param');
    const { race_name: name, reason } = c.req.valid('json');
    const done = await withIdempotencyKey(
      lobby,
      await idempotencyKeyOf(c),
      () => renameRaceName(lobby, callerOf(c), { raceNameId, name, reason }),
      toHeldName,
    );
    c.get('log').info({ race_name_id: raceNameId, user_id: done.user_id, reason }, 'race name renamed');
    return c.json(done, 200);
  });
