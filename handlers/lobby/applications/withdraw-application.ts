import { createRoute, z } from '@hono/zod-openapi';
import { userOf } from '../../../lib/http/actor.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noBody } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { withIdempotencyKey } from '../../../lib/lobby/idempotency.ts';
import { withdrawApplication } from '../../../lib/lobby/operations/withdraw-application.ts';
import { callerOf, idempotencyKeyOf, mutationHeaders } from '../request.ts';
import { applicationSchema, toApplication } from './application-response.ts';

const route = createRoute({
  method: 'post',
  path: '/applications/{application_id}/withdraw',
  operationId: 'withdrawApplication',
  summary: 'Withdraws an application; for the applicant',
  tags: ['applications'],
  request: { params: z.strictObject({ application_id: id }), headers: mutationHeaders, body: noBody },
  responses: {
    200: jsonResponse(applicationSchema, 'The withdrawn application'),
    ...errorResponses('not_found', 'forbidden', 'invalid_state', 'idempotency_conflict'),
  },
});

export const withdrawApplicationRoute = (lobby: Lobby) =>
  defineRoute(route, async (c) => {
    const caller = { ...callerOf(c), actor: userOf(c.get('actor')) };
    const { application_id } = c.req.valid('param');
    const application = await withIdempotencyKey(
      lobby,
      await idempotencyKeyOf(c),
      () => withdrawApplication(lobby, caller, application_id),
      toApplication,
    );
    return c.json(application, 200);
  });
