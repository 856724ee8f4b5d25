import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { errorResponses, id, jsonResponse, noBody } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { withIdempotencyKey } from '../../../lib/lobby/idempotency.ts';
import { revokeInvite } from '../../../lib/lobby/operations/decide-invite.ts';
import { callerOf, idempotencyKeyOf, mutationHeaders } from '../request.ts';
import { inviteSchema, toInviteAt } from './invite-response.ts';

export const revokeInviteRoute = createRoute({
  method: 'post',
  path: '/invites/{invite_id}/revoke',
  operationId: 'revokeInvite',
  summary: 'Takes an invite or a code back; for the owner of the game and admins',
  tags: ['invites'],
  request: { params: z.strictObject({ invite_id: id }), headers: mutationHeaders, body: noBody },
  responses: {
    200: jsonResponse(inviteSchema, 'The revoked invite'),
    ...errorResponses('not_found', 'forbidden', 'invalid_state', 'idempotency_conflict'),
  },
});

export function revokeInviteHandler(lobby: Lobby): RouteHandler<typeof revokeInviteRoute, HttpEnv> {
  return async (c) => {
    const caller = callerOf(c);
    const { invite_id } = c.req.valid('param');
    const answer = await withIdempotencyKey(
      lobby,
      await idempotencyKeyOf(c),
      () => revokeInvite(lobby, caller, invite_id),
      toInviteAt(lobby.now()),
    );
    return c.json(answer, 200);
  };
}
