import { createRoute, z } from '@hono/zod-openapi';
import { userOf } from '../../../lib/http/actor.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { withIdempotencyKey } from '../../../lib/lobby/idempotency.ts';
import { registerRaceName } from '../../../lib/lobby/operations/register-race-name.ts';
import { callerOf, idempotencyKeyOf, mutationHeaders } from '../request.ts';
import { raceNameSchema, toRaceName } from './race-name-response.ts';

const bodySchema = z.strictObject({
  race_name_id: id.openapi({ description: 'A `pending_registration` of the caller.' }),
});

const route = createRoute({
  method: 'post',
  path: '/race-names/register',
  operationId: 'registerRaceName',
  summary:
    'Registers the race name of a finished game permanently, within its deadline and the caller’s limit',
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

export const registerRaceNameRoute = (lobby: Lobby) =>
  defineRoute(route, async (c) => {
    const caller = { ...callerOf(c), actor: userOf(c.get('actor')) };
    const { race_name_id } = c.req.valid('json');
    const registered = await withIdempotencyKey(
      lobby,
      await idempotencyKeyOf(c),
      () => registerRaceName(lobby, caller, race_name_id),
      toRaceName,
    );
    return c.json(registered, 200);
  });
