import { createRoute, z } from '@hono/zod-openapi';
import { revokeOwnSession } from '../../../lib/backend/operations/revoke-session.ts';
import { userOf } from '../../../lib/http/actor.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noBody } from '../../../lib/http/schemas.ts';
import { keptTraceparent } from '../../../lib/telemetry/trace.ts';
import { sessionSchema, toSession } from './session-response.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/user/sessions/{device_session_id}/revoke',
  operationId: 'revokeSession',
  summary: 'Signs one of the user’s own devices out',
  tags: ['user'],
  request: { params: z.strictObject({ device_session_id: id }), body: noBody },
  responses: {
    200: jsonResponse(sessionSchema, 'The revoked session'),
    ...errorResponses('unauthenticated', 'account_blocked', 'not_found'),
  },
});

export const revokeSessionRoute = (deps: Parameters<typeof revokeOwnSession>[0]) =>
  defineRoute(route, async (c) => {
    const session = await revokeOwnSession(deps, {
      userId: userOf(c.get('actor')).userId,
      deviceSessionId: c.req.valid('param').device_session_id,
      traceparent: keptTraceparent(c.req.header('traceparent')),
    });
    return c.json(toSession(session), 200);
  });
