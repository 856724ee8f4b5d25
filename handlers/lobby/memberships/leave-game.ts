import { createRoute, z } from '@hono/zod-openapi';
import { userOf } from '../../../lib/http/actor.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noBody } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { withIdempotencyKey } from '../../../lib/lobby/idempotency.ts';
import { leaveGame } from '../../../lib/lobby/operations/leave-game.ts';
import { callerOf, idempotencyKeyOf, mutationHeaders } from '../request.ts';
import { membershipSchema, toMembership } from './membership-response.ts';

const route = createRoute({
  method: 'post',
  path: '/games/{game_id}/leave',
  operationId: 'leaveGame',
  summary: 'Leaves a game that the caller plays in',
  tags: ['memberships'],
  request: { params: z.strictObject({ game_id: id }), headers: mutationHeaders, body: noBody },
  responses: {
    200: jsonResponse(membershipSchema, 'The membership that has ended'),
    ...errorResponses('not_found', 'invalid_state', 'idempotency_conflict'),
  },
});

export const leaveGameRoute = (lobby: Lobby) =>
  defineRoute(route, async (c) => {
    const caller = { ...callerOf(c), actor: userOf(c.get('actor')) };
    const { game_id } = c.req.valid('param');
    const membership = await withIdempotencyKey(
      lobby,
      await idempotencyKeyOf(c),
      () => leaveGame(lobby, caller, game_id),
      toMembership,
    );
    return c.json(membership, 200);
  });
