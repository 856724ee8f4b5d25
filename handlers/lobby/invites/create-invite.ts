import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse, timestampInput } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { inviteBounds } from '../../../lib/lobby/domain/invite.ts';
import { withIdempotencyKey } from '../../../lib/lobby/idempotency.ts';
import { createInvite, type Invited } from '../../../lib/lobby/operations/create-invite.ts';
import { callerOf, idempotencyKeyOf, mutationHeaders } from '../request.ts';
import { inviteSchema, toInviteAt } from './invite-response.ts';

const { min, max } = inviteBounds.maxUses;
const maxUsesProblem = `must be a whole number from ${min} to ${max}`;

const bodySchema = z
  .strictObject({
    user_id: id
      .optional()
      .openapi({ description: 'The user to invite; instead of max_uses and expires_at.' }),
    max_uses: z.int(maxUsesProblem).min(min, maxUsesProblem).max(max, maxUsesProblem).optional().openapi({
      description: 'Creates a code that can be redeemed this many times, until expires_at.',
    }),
    expires_at: timestampInput
      .transform((time) => new Date(time))
      .refine((time) => time < new Date(Date.UTC(9999, 0)), 'must lie before the year 9999')
      .optional()
      .openapi({ description: 'RFC 3339 with any offset; must lie ahead.', example: '2026-12-31T18:00:00Z' }),
  })
  .refine(
    (body) =>
      body.user_id === undefined
        ? body.max_uses !== undefined && body.expires_at !== undefined
        : body.max_uses === undefined && body.expires_at === undefined,
    'must have either user_id, or max_uses and expires_at',
  )
  .openapi({ oneOf: [{ required: ['user_id'] }, { required: ['max_uses', 'expires_at'] }] });

const route = createRoute({
  method: 'post',
  path: '/games/{game_id}/invites',
  operationId: 'createInvite',
  summary: 'Invites a user to a private game, or creates a code; for its owner and admins',
  tags: ['invites'],
  request: { params: z.strictObject({ game_id: id }), headers: mutationHeaders, body: jsonBody(bodySchema) },
  responses: {
    201: jsonResponse(inviteSchema, 'The invite'),
    ...errorResponses(
      'not_found',
      'forbidden',
      'invalid_state',
      'already_member',
      'subject_not_found',
      'rate_limited',
      'idempotency_conflict',
      'service_unavailable',
    ),
  },
});

export const createInviteRoute = (lobby: Lobby) =>
  defineRoute(route, async (c) => {
    const caller = callerOf(c);
    const { game_id } = c.req.valid('param');
    const body = c.req.valid('json');
    const invite = await withIdempotencyKey(
      lobby,
      await idempotencyKeyOf(c),
      () => createInvite(lobby, caller, game_id, invitedOf(body)),
      toInviteAt(lobby.now()),
    );
    return c.json(invite, 201);
  });

function invitedOf({ user_id, max_uses, expires_at }: z.infer<typeof bodySchema>): Invited {
  if (user_id !== undefined) return { userId: user_id };
  if (max_uses === undefined || expires_at === undefined) throw new Error('The body was not validated.');
  return { maxUses: max_uses, expiresAt: expires_at };
}
