import { createRoute, z } from '@hono/zod-openapi';
import { userOf } from '../../../lib/http/actor.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { withIdempotencyKey } from '../../../lib/lobby/idempotency.ts';
import { submitApplication } from '../../../lib/lobby/operations/submit-application.ts';
import { raceNameBody } from '../race-name-body.ts';
import { callerOf, idempotencyKeyOf, mutationHeaders } from '../request.ts';
import { applicationSchema, toApplication } from './application-response.ts';

const route = createRoute({
  method: 'post',
  path: '/games/{game_id}/applications',
  operationId: 'submitApplication',
  summary: 'Applies to a public game; the owner of the game is approved at once',
  tags: ['applications'],
  request: {
    params: z.strictObject({ game_id: id }),
    headers: mutationHeaders,
    body: jsonBody(raceNameBody),
  },
  responses: {
    201: jsonResponse(applicationSchema, 'The application; already approved when it is the owner’s'),
    ...errorResponses(
      'not_found',
      'forbidden',
      'invalid_state',
      'already_member',
      'already_applied',
      'rate_limited',
      'race_name_taken',
      'game_full',
      'not_eligible',
      'subject_not_found',
      'idempotency_conflict',
      'service_unavailable',
    ),
  },
});

export const submitApplicationRoute = (lobby: Lobby) =>
  defineRoute(route, async (c) => {
    const caller = { ...callerOf(c), actor: userOf(c.get('actor')) };
    const { game_id } = c.req.valid('param');
    const { race_name } = c.req.valid('json');
    const application = await withIdempotencyKey(
      lobby,
      await idempotencyKeyOf(c),
      () => submitApplication(lobby, caller, game_id, race_name),
      toApplication,
    );
    return c.json(application, 201);
  });
