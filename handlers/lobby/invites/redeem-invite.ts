import { createRoute, z } from '@hono/zod-openapi';
import { userOf } from '../../../lib/http/actor.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { withIdempotencyKey } from '../../../lib/lobby/idempotency.ts';
import { redeemInvite } from '../../../lib/lobby/operations/redeem-invite.ts';
import { membershipSchema, toMembership } from '../memberships/membership-response.ts';
import { raceNameBody } from '../race-name-body.ts';
import { callerOf, idempotencyKeyOf, mutationHeaders } from '../request.ts';

const route = createRoute({
  method: 'post',
  path: '/invites/{invite_id}/redeem',
  operationId: 'redeemInvite',
  summary: 'Joins a private game by an invite; for the invited user',
  tags: ['invites'],
  request: {
    params: z.strictObject({ invite_id: id }),
    headers: mutationHeaders,
    body: jsonBody(raceNameBody),
  },
  responses: {
    201: jsonResponse(membershipSchema, 'The membership'),
    ...errorResponses(
      'not_found',
      'forbidden',
      'invalid_state',
      'already_member',
      'game_full',
      'race_name_taken',
      'not_eligible',
      'subject_not_found',
      'idempotency_conflict',
      'service_unavailable',
    ),
  },
});

export const redeemInviteRoute = (lobby: Lobby) =>
  defineRoute(route, async (c) => {
    const caller = { ...callerOf(c), actor: userOf(c.get('actor')) };
    const { invite_id } = c.req.valid('param');
    const body = c.req.valid('json');
    const membership = await withIdempotencyKey(
      lobby,
      await idempotencyKeyOf(c),
      () => redeemInvite(lobby, caller, { inviteId: invite_id }, body.race_name),
      toMembership,
    );
    return c.json(membership, 201);
  });
