import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import { userOf } from '../../../lib/http/actor.ts';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { errorResponses, id, jsonResponse, noBody } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { withIdempotencyKey } from '../../../lib/lobby/idempotency.ts';
import { declineInvite } from '../../../lib/lobby/operations/decide-invite.ts';
import { callerOf, idempotencyKeyOf, mutationHeaders } from '../request.ts';
import { inviteSchema, toInviteAt } from './invite-response.ts';

export const declineInviteRoute = createRoute({
  method: 'post',
  path: '/invites/{invite_id}/decline',
  operationId: 'declineInvite',
  summary: 'Turns an invite down; for the user whom it is for',
  tags: ['invites'],
  request: { params: z.strictObject({ invite_id: id }), headers: mutationHeaders, body: noBody },
  responses: {
    200: jsonResponse(inviteSchema, 'The declined invite'),
    ...errorResponses('not_found', 'forbidden', 'invalid_state', 'idempotency_conflict'),
  },
});

export function declineInviteHandler(lobby: Lobby): RouteHandler<typeof declineInviteRoute, HttpEnv> {
  return async (c) => {
    const caller = { ...callerOf(c), actor: userOf(c.get('actor')) };
    const { invite_id } = c.req.valid('param');
    const answer = await withIdempotencyKey(
      lobby,
      await idempotencyKeyOf(c),
      () => declineInvite(lobby, caller, invite_id),
      toInviteAt(lobby.now()),
    );
    return c.json(answer, 200);
  };
}
