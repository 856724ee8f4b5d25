import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noBody } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { withIdempotencyKey } from '../../../lib/lobby/idempotency.ts';
import { revokeInvite } from '../../../lib/lobby/operations/decide-invite.ts';
import { callerOf, idempotencyKeyOf, mutationHeaders } from '../request.ts';
import { inviteSchema, toInviteAt } from './invite-response.ts';

const route = createRoute({
  method: 'post',
  path: '/invites/{invite_id}/revoke',
  operationId: 'revokeInvite',
  summary: 'Revokes an invite or a code; for the owner of the game and admins',
  tags: ['invites'],
  request: { params: z.strictObject({ invite_id: id }), headers: mutationHeaders, body: noBody },
  responses: {
    200: jsonResponse(inviteSchema, 'The revoked invite'),
    ...errorResponses('not_found', 'forbidden', 'invalid_state', 'idempotency_conflict'),
  },
});

export const revokeInviteRoute = (lobby: Lobby) =>
  defineRoute(route, async (c) => {
    const caller = callerOf(c);
    const { invite_id } = c.req.valid('param');
    const invite = await withIdempotencyKey(
      lobby,
      await idempotencyKeyOf(c),
      () => revokeInvite(lobby, caller, invite_id),
      toInviteAt(lobby.now()),
    );
    return c.json(invite, 200);
  });
