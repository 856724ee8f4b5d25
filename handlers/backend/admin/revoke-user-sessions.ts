import { createRoute, z } from '@hono/zod-openapi';
import { revokeSessionsOfUser } from '../../../lib/backend/operations/revoke-all-sessions.ts';
import { callerOf } from '../../../lib/http/caller.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noBody } from '../../../lib/http/schemas.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/internal/users/{user_id}/sessions/revoke-all',
  operationId: 'revokeUserSessions',
  summary: 'Signs a user out on every device',
  tags: ['admin'],
  request: { params: z.strictObject({ user_id: id }), body: noBody },
  responses: {
    200: jsonResponse(
      z.object({ revoked_sessions: z.int().nonnegative() }),
      'How many sessions were active until now',
    ),
    ...errorResponses('not_found'),
  },
});

export const revokeUserSessionsRoute = (deps: Parameters<typeof revokeSessionsOfUser>[0]) =>
  defineRoute(route, async (c) => {
    const revoked = await revokeSessionsOfUser(deps, callerOf(c), c.req.valid('param').user_id);
    return c.json({ revoked_sessions: revoked.length }, 200);
  });
