// What redeeming an invite and redeeming a code have in common.
import type { Context } from 'hono';
import { userOf } from '../../../lib/http/actor.ts';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { errorResponses, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { withIdempotencyKey } from '../../../lib/lobby/idempotency.ts';
import { type InviteName, redeemInvite } from '../../../lib/lobby/operations/redeem-invite.ts';
import { membershipSchema, toMembership } from '../memberships/membership-response.ts';
import { callerOf, idempotencyKeyOf } from '../request.ts';

export const redeemResponses = {
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
};

export async function redeem(lobby: Lobby, c: Context<HttpEnv>, invite: InviteName, raceName: string) {
  const caller = { ...callerOf(c), actor: userOf(c.get('actor')) };
  const key = await idempotencyKeyOf(c);
  return withIdempotencyKey(lobby, key, () => redeemInvite(lobby, caller, invite, raceName), toMembership);
}
