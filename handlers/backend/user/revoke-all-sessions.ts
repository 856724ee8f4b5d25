import { createRoute, z } from '@hono/zod-openapi';
import { revokeOwnSessions } from '../../../lib/backend/operations/revoke-all-sessions.ts';
import { userOf } from '../../../lib/http/actor.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, jsonResponse, noBody } from '../../../lib/http/schemas.ts';
import { keptTraceparent } from '../../../lib/telemetry/trace.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/user/sessions/revoke-all',
  operationId: 'revokeAllSessions',
  summary: 'Signs the user out on every device, this one included',
  tags: ['user'],
  request: { body: noBody },
  responses: {
    200: jsonResponse(
      z.object({ revoked_sessions: z.int().nonnegative() }),
      'How many sessions were active until now',
    ),
    ...errorResponses('unauthenticated', 'account_blocked'),
  },
});

export const revokeAllSessionsRoute = (deps: Parameters<typeof revokeOwnSessions>[0]) =>
  defineRoute(route, async (c) => {
    const revoked = await revokeOwnSessions(deps, {
      userId: userOf(c.get('actor')).userId,
      traceparent: keptTraceparent(c.req.header('traceparent')),
    });
    return c.json({ revoked_sessions: revoked.length }, 200);
  });
