import { createRoute, z } from '@hono/zod-openapi';
import { lobbyEligibility } from '../../../lib/backend/operations/lobby-eligibility.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noBody } from '../../../lib/http/schemas.ts';

const limit = z.int().nonnegative();

const route = createRoute({
  method: 'post',
  path: '/api/v1/internal/users/{user_id}/lobby-eligibility',
  operationId: 'lobbyEligibility',
  summary: 'What a user may do in the lobby; responds also for users who do not exist',
  tags: ['internal'],
  request: { params: z.strictObject({ user_id: id }), body: noBody },
  responses: {
    200: jsonResponse(
      z.object({
        user_id: id,
        exists: z.boolean(),
        permanent_block: z.boolean(),
        can_create_public_game: z.boolean(),
        can_create_private_game: z.boolean(),
        can_join_game: z.boolean(),
        max_owned_games: limit,
        max_active_memberships: limit,
        max_registered_race_names: limit,
        address_hash: z.string().optional().openapi({
          description: 'A keyed hash of the e-mail address: equal for accounts with the same one.',
        }),
      }),
      'Rights and limits',
    ),
    ...errorResponses(),
  },
});

export const lobbyEligibilityRoute = (deps: Parameters<typeof lobbyEligibility>[0]) =>
  defineRoute(route, async (c) => {
    const userId = c.req.valid('param').user_id;
    const eligibility = await lobbyEligibility(deps, userId);
    return c.json(
      {
        user_id: userId,
        exists: eligibility.exists,
        permanent_block: eligibility.permanentBlock,
        can_create_public_game: eligibility.canCreatePublicGame,
        can_create_private_game: eligibility.canCreatePrivateGame,
        can_join_game: eligibility.canJoinGame,
        max_owned_games: eligibility.maxOwnedGames,
        max_active_memberships: eligibility.maxActiveMemberships,
        max_registered_race_names: eligibility.maxRegisteredRaceNames,
        ...(eligibility.addressHash === undefined ? {} : { address_hash: eligibility.addressHash }),
      },
      200,
    );
  });
