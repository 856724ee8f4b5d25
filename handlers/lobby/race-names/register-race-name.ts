import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import { userOf } from '../../../lib/http/actor.ts';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { withIdempotencyKey } from '../../../lib/lobby/idempotency.ts';
import { registerRaceName } from '../../../lib/lobby/operations/register-race-name.ts';
import { callerOf, idempotencyKeyOf, mutationHeaders } from '../request.ts';
import { raceNameSchema, toRaceName } from './race-name-response.ts';

const bodySchema = z.strictObject({
  race_name_id: id.openapi({ description: 'Of a `pending_registration` of the caller’s.' }),
});

export const registerRaceNameRoute = createRoute({
  method: 'post',
  path: '/race-names/register',
  operationId: 'registerRaceName',
  summary: 'Keeps the race name of a game that is over for good, within its time and the caller’s limit',
  tags: ['race names'],
  request: { headers: mutationHeaders, body: jsonBody(bodySchema) },
  responses: {
    200: jsonResponse(raceNameSchema, 'The race name, registered'),
    ...errorResponses(
      'not_found',
      'invalid_state',
      'not_eligible',
      'subject_not_found',
      'idempotency_conflict',
      'service_unavailable',
    ),
  },
});

export function registerRaceNameHandler(lobby: Lobby): RouteHandler<typeof registerRaceNameRoute, HttpEnv> {
  return async (c) => {
    const caller = { ...callerOf(c), actor: userOf(c.get('actor')) };
    const { race_name_id } = c.req.valid('json');
    const registered = await withIdempotencyKey(
      lobby,
      await idempotencyKeyOf(c),
      () => registerRaceName(lobby, caller, race_name_id),
      toRaceName,
    );
    return c.json(registered, 200);
  };
}
