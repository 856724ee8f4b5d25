import { z } from '@hono/zod-openapi';
import type { GrantedEntitlements } from '../../../lib/backend/operations/set-entitlements.ts';
import { id } from '../../../lib/http/schemas.ts';

const most = 1_000_000;

export const right = z.boolean();
export const limit = z.int().min(0).max(most);

export const entitlementsSchema = z
  .object({
    user_id: id,
    can_create_public_game: right.nullable(),
    can_create_private_game: right.nullable(),
    can_join_game: right.nullable(),
    max_owned_games: limit.nullable(),
    max_active_memberships: limit.nullable(),
    max_registered_race_names: limit.nullable(),
    effective: z
      .object({
        can_create_public_game: right,
        can_create_private_game: right,
        can_join_game: right,
        max_owned_games: limit,
        max_active_memberships: limit,
        max_registered_race_names: limit,
      })
      .openapi({ description: 'With the default instead of every `null`.' }),
  })
  .openapi('Entitlements');

export function toEntitlements(
  userId: string,
  { overrides, effective }: GrantedEntitlements,
): z.infer<typeof entitlementsSchema> {
  return {
    user_id: userId,
    can_create_public_game: overrides.canCreatePublicGame,
    can_create_private_game: overrides.canCreatePrivateGame,
    can_join_game: overrides.canJoinGame,
    max_owned_games: overrides.maxOwnedGames,
    max_active_memberships: overrides.maxActiveMemberships,
    max_registered_race_names: overrides.maxRegisteredRaceNames,
    effective: {
      can_create_public_game: effective.canCreatePublicGame,
      can_create_private_game: effective.canCreatePrivateGame,
      can_join_game: effective.canJoinGame,
      max_owned_games: effective.maxOwnedGames,
      max_active_memberships: effective.maxActiveMemberships,
      max_registered_race_names: effective.maxRegisteredRaceNames,
    },
  };
}
