import { createRoute, z } from '@hono/zod-openapi';
import { revokeAnySession } from '../../../lib/backend/operations/revoke-session.ts';
import { callerOf } from '../../../lib/http/caller.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noBody } from '../../../lib/http/schemas.ts';
import { sessionSchema, toSession } from '../user/session-response.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/internal/sessions/{device_session_id}/revoke',
  operationId: 'revokeAnySession',
  summary: 'Signs a device out; a repeat changes nothing',
  tags: ['admin'],
  request: { params: z.strictObject({ device_session_id: id }), body: noBody },
  responses: {
    200: jsonResponse(sessionSchema, 'The revoked session'),
    ...errorResponses('not_found'),
  },
});

export const revokeAnySessionRoute = (deps: Parameters<typeof revokeAnySession>[0]) =>
  defineRoute(route, async (c) => {
    const session = await revokeAnySession(deps, callerOf(c), c.req.valid('param').device_session_id);
    return c.json(toSession(session), 200);
  });
