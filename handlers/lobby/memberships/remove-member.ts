import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noBody } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { withIdempotencyKey } from '../../../lib/lobby/idempotency.ts';
import { removeMember } from '../../../lib/lobby/operations/remove-member.ts';
import { callerOf, idempotencyKeyOf, mutationHeaders } from '../request.ts';
import { membershipSchema, toMembership } from './membership-response.ts';

const route = createRoute({
  method: 'post',
  path: '/memberships/{membership_id}/remove',
  operationId: 'removeMember',
  summary: 'Removes a member from a game; for its owner and admins, for admins only once it has started',
  tags: ['memberships'],
  request: { params: z.strictObject({ membership_id: id }), headers: mutationHeaders, body: noBody },
  responses: {
    200: jsonResponse(membershipSchema, 'The membership that has ended'),
    ...errorResponses('not_found', 'forbidden', 'invalid_state', 'idempotency_conflict'),
  },
});

export const removeMemberRoute = (lobby: Lobby) =>
  defineRoute(route, async (c) => {
    const caller = callerOf(c);
    const { membership_id } = c.req.valid('param');
    const membership = await withIdempotencyKey(
      lobby,
      await idempotencyKeyOf(c),
      () => removeMember(lobby, caller, membership_id),
      toMembership,
    );
    return c.json(membership, 200);
  });
