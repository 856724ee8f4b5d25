import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import { userOf } from '../../../lib/http/actor.ts';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { errorResponses, id, jsonResponse, noBody } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { withIdempotencyKey } from '../../../lib/lobby/idempotency.ts';
import { leaveGame } from '../../../lib/lobby/operations/leave-game.ts';
import { callerOf, idempotencyKeyOf, mutationHeaders } from '../request.ts';
import { membershipSchema, toMembership } from './membership-response.ts';

export const leaveGameRoute = createRoute({
  method: 'post',
  path: '/games/{game_id}/leave',
  operationId: 'leaveGame',
  summary: 'Leaves a game that one plays in',
  tags: ['memberships'],
  request: { params: z.strictObject({ game_id: id }), headers: mutationHeaders, body: noBody },
  responses: {
    200: jsonResponse(membershipSchema, 'The membership that has ended'),
    ...errorResponses('not_found', 'invalid_state', 'idempotency_conflict'),
  },
});

export function leaveGameHandler(lobby: Lobby): RouteHandler<typeof leaveGameRoute, HttpEnv> {
  return async (c) => {
    const caller = { ...callerOf(c), actor: userOf(c.get('actor')) };
    const { game_id } = c.req.valid('param');
    const membership = await withIdempotencyKey(
      lobby,
      await idempotencyKeyOf(c),
      () => leaveGame(lobby, caller, game_id),
      toMembership,
    );
    return c.json(membership, 200);
  };
}
