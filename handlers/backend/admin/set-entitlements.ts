import { createRoute, z } from '@hono/zod-openapi';
import { setEntitlements } from '../../../lib/backend/operations/set-entitlements.ts';
import { callerOf } from '../../../lib/http/caller.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import { entitlementsSchema, limit, right, toEntitlements } from './entitlements-response.ts';

const bodySchema = z
  .strictObject({
    can_create_public_game: right.nullable().optional(),
    can_create_private_game: right.nullable().optional(),
    can_join_game: right.nullable().optional(),
    max_owned_games: limit.nullable().optional(),
    max_active_memberships: limit.nullable().optional(),
    max_registered_race_names: limit.nullable().optional(),
  })
  .refine((body) => Object.keys(body).length > 0, {
    error: 'name at least one entitlement to change',
    when: ({ issues }) => issues.length === 0,
  })
  .openapi({ minProperties: 1 });

const route = createRoute({
  method: 'put',
  path: '/api/v1/internal/users/{user_id}/entitlements',
  operationId: 'setEntitlements',
  summary: 'Changes the entitlements that are given; null restores the default',
  tags: ['admin'],
  request: { params: z.strictObject({ user_id: id }), body: jsonBody(bodySchema) },
  responses: {
    200: jsonResponse(entitlementsSchema, 'The entitlements as they are now'),
    ...errorResponses('not_found'),
  },
});

export const setEntitlementsRoute = (deps: Parameters<typeof setEntitlements>[0]) =>
  defineRoute(route, async (c) => {
    const userId = c.req.valid('param').user_id;
    const body = c.req.valid('json');
    const changes = {
      canCreatePublicGame: body.can_create_public_game,
      canCreatePrivateGame: body.can_create_private_game,
      canJoinGame: body.can_join_game,
      maxOwnedGames: body.max_owned_games,
      maxActiveMemberships: body.max_active_memberships,
      maxRegisteredRaceNames: body.max_registered_race_names,
    };
    const granted = await setEntitlements(deps, callerOf(c), { userId, changes });
    return c.json(toEntitlements(userId, granted), 200);
  });
