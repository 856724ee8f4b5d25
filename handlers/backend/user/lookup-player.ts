import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import { handle } from '../../../lib/backend/domain/profile.ts';
import { lookupPlayer } from '../../../lib/backend/operations/lookup-player.ts';
import { userOf } from '../../../lib/http/actor.ts';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { errorResponses, id, jsonResponse } from '../../../lib/http/schemas.ts';

export const lookupPlayerRoute = createRoute({
  method: 'get',
  path: '/api/v1/user/lookup',
  operationId: 'lookupPlayer',
  summary: 'Another player by their exact handle, so that one can invite them',
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

export function lookupPlayerHandler(
  deps: Parameters<typeof lookupPlayer>[0],
): RouteHandler<typeof lookupPlayerRoute, HttpEnv> {
  return async (c) => {
    const player = await lookupPlayer(deps, {
      userId: userOf(c.get('actor')).userId,
      handle: c.req.valid('query').handle,
    });
    return c.json({ user_id: player.userId, handle: player.handle, display_name: player.displayName }, 200);
  };
}
