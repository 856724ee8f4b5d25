import { createRoute, z } from '@hono/zod-openapi';
import { userOf } from '../../../lib/http/actor.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { withIdempotencyKey } from '../../../lib/lobby/idempotency.ts';
import { redeemInvite } from '../../../lib/lobby/operations/redeem-invite.ts';
import { membershipSchema, toMembership } from '../memberships/membership-response.ts';
import { raceNameBody } from '../race-name-body.ts';
import { callerOf, idempotencyKeyOf, mutationHeaders } from '../request.ts';

const code = z.string().regex(/^[A-Za-z0-9_-]{22}$/, 'must be a code of 22 letters, digits, _ or -');

const route = createRoute({
  method: 'post',
  path: '/invite-codes/{code}/redeem',
  operationId: 'redeemInviteCode',
  summary: 'Joins a private game by a code',
  tags: ['invites'],
  request: { params: z.strictObject({ code }), headers: mutationHeaders, body: jsonBody(raceNameBody) },
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

export const redeemInviteCodeRoute = (lobby: Lobby) =>
  defineRoute(route, async (c) => {
    const caller = { ...callerOf(c), actor: userOf(c.get('actor')) };
    const { code } = c.req.valid('param');
    const body = c.req.valid('json');
    const membership = await withIdempotencyKey(
      lobby,
      await idempotencyKeyOf(c),
      () => redeemInvite(lobby, caller, { code }, body.race_name),
      toMembership,
    );
    return c.json(membership, 201);
  });
