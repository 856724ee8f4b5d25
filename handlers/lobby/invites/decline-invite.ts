import { createRoute, z } from '@hono/zod-openapi';
import { userOf } from '../../../lib/http/actor.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noBody } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { withIdempotencyKey } from '../../../lib/lobby/idempotency.ts';
import { declineInvite } from '../../../lib/lobby/operations/decide-invite.ts';
import { callerOf, idempotencyKeyOf, mutationHeaders } from '../request.ts';
import { inviteSchema, toInviteAt } from './invite-response.ts';

const route = createRoute({
  method: 'post',
  path: '/invites/{invite_id}/decline',
  operationId: 'declineInvite',
  summary: 'Declines an invite; for the invited user',
  tags: ['invites'],
  request: { params: z.strictObject({ invite_id: id }), headers: mutationHeaders, body: noBody },
  responses: {
    200: jsonResponse(inviteSchema, 'The declined invite'),
    ...errorResponses('not_found', 'forbidden', 'invalid_state', 'idempotency_conflict'),
  },
});

export const declineInviteRoute = (lobby: Lobby) =>
  defineRoute(route, async (c) => {
    const caller = { ...callerOf(c), actor: userOf(c.get('actor')) };
    const { invite_id } = c.req.valid('param');
    const invite = await withIdempotencyKey(
      lobby,
      await idempotencyKeyOf(c),
      () => declineInvite(lobby, caller, invite_id),
      toInviteAt(lobby.now()),
    );
    return c.json(invite, 200);
  });
