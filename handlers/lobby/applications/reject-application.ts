import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noBody } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { withIdempotencyKey } from '../../../lib/lobby/idempotency.ts';
import { rejectApplication } from '../../../lib/lobby/operations/reject-application.ts';
import { callerOf, idempotencyKeyOf, mutationHeaders } from '../request.ts';
import { applicationSchema, toApplication } from './application-response.ts';

const route = createRoute({
  method: 'post',
  path: '/applications/{application_id}/reject',
  operationId: 'rejectApplication',
  summary: 'Rejects an application; for the owner of the game and admins',
  tags: ['applications'],
  request: { params: z.strictObject({ application_id: id }), headers: mutationHeaders, body: noBody },
  responses: {
    200: jsonResponse(applicationSchema, 'The rejected application'),
    ...errorResponses('not_found', 'forbidden', 'invalid_state', 'idempotency_conflict'),
  },
});

export const rejectApplicationRoute = (lobby: Lobby) =>
  defineRoute(route, async (c) => {
    const caller = callerOf(c);
    const { application_id } = c.req.valid('param');
    const application = await withIdempotencyKey(
      lobby,
      await idempotencyKeyOf(c),
      () => rejectApplication(lobby, caller, application_id),
      toApplication,
    );
    return c.json(application, 200);
  });
