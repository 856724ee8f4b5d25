import { createRoute, z } from '@hono/zod-openapi';
import { lookupPlayer } from '../../../lib/backend/operations/lookup-player.ts';
import { userOf } from '../../../lib/http/actor.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse } from '../../../lib/http/schemas.ts';
import { handle } from '../../../lib/users/profile.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/user/lookup',
  operationId: 'lookupPlayer',
  summary: 'Another player by their exact handle, to invite them',
  tags: ['user'],
  request: { query: z.strictObject({ handle }) },
  responses: {
    200: jsonResponse(
      z.object({ user_id: id, handle: z.string(), display_name: z.string().nullable() }),
      'The player',
    ),
    ...errorResponses('unauthenticated', 'account_blocked', 'not_found', 'rate_limited'),
  },
});

export const lookupPlayerRoute = (deps: Parameters<typeof lookupPlayer>[0]) =>
  defineRoute(route, async (c) => {
    const player = await lookupPlayer(deps, {
      userId: userOf(c.get('actor')).userId,
      handle: c.req.valid('query').handle,
    });
    return c.json({ user_id: player.userId, handle: player.handle, display_name: player.displayName }, 200);
  });
