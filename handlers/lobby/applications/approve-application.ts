import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noBody } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { withIdempotencyKey } from '../../../lib/lobby/idempotency.ts';
import { approveApplication } from '../../../lib/lobby/operations/approve-application.ts';
import { callerOf, idempotencyKeyOf, mutationHeaders } from '../request.ts';
import { applicationSchema, toApplication } from './application-response.ts';

const route = createRoute({
  method: 'post',
  path: '/applications/{application_id}/approve',
  operationId: 'approveApplication',
  summary: 'Approves an application; for the owner of the game and admins',
  tags: ['applications'],
  request: { params: z.strictObject({ application_id: id }), headers: mutationHeaders, body: noBody },
  responses: {
    200: jsonResponse(applicationSchema, 'The approved application'),
    ...errorResponses(
      'not_found',
      'forbidden',
      'invalid_state',
      'game_full',
      'race_name_taken',
      'not_eligible',
      'subject_not_found',
      'idempotency_conflict',
      'service_unavailable',
    ),
  },
});

export const approveApplicationRoute = (lobby: Lobby) =>
  defineRoute(route, async (c) => {
    const caller = callerOf(c);
    const { application_id } = c.req.valid('param');
    const application = await withIdempotencyKey(
      lobby,
      await idempotencyKeyOf(c),
      () => approveApplication(lobby, caller, application_id),
      toApplication,
    );
    return c.json(application, 200);
  });
