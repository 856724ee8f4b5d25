// What a user may do in the lobby: the configured defaults, each replaced by the user's own entitlement where one
// was given. Unknown, deleted and blocked users may do nothing.
import type { User } from './user.ts';

export type Entitlements = {
  readonly canCreatePublicGame: boolean;
  readonly canCreatePrivateGame: boolean;
  readonly canJoinGame: boolean;
  readonly maxOwnedGames: number;
  readonly maxActiveMemberships: number;
  readonly maxRegisteredRaceNames: number;
};

/** null stands for the default. */
export type EntitlementOverrides = { readonly [K in keyof Entitlements]: Entitlements[K] | null };

export const noOverrides: EntitlementOverrides = {
  canCreatePublicGame: null,
  canCreatePrivateGame: null,
  canJoinGame: null,
  maxOwnedGames: null,
  maxActiveMemberships: null,
  maxRegisteredRaceNames: null,
};

/** The entitlements of a user: the defaults where nothing was overridden. */
export function withOverrides(overrides: EntitlementOverrides, defaults: Entitlements): Entitlements {
  return {
    canCreatePublicGame: overrides.canCreatePublicGame ?? defaults.canCreatePublicGame,
    canCreatePrivateGame: overrides.canCreatePrivateGame ?? defaults.canCreatePrivateGame,
    canJoinGame: overrides.canJoinGame ?? defaults.canJoinGame,
    maxOwnedGames: overrides.maxOwnedGames ?? defaults.maxOwnedGames,
    maxActiveMemberships: overrides.maxActiveMemberships ?? defaults.maxActiveMemberships,
    maxRegisteredRaceNames: overrides.maxRegisteredRaceNames ?? defaults.maxRegisteredRaceNames,
  };
}

export type Eligibility = Entitlements & { readonly exists: boolean; readonly permanentBlock: boolean };

const nothing: Entitlements = {
  canCreatePublicGame: false,
  canCreatePrivateGame: false,
  canJoinGame: false,
  maxOwnedGames: 0,
  maxActiveMemberships: 0,
  maxRegisteredRaceNames: 0,
};

export function eligibilityOf(
  user: Pick<User, 'blockedAt' | 'deletedAt'> | undefined,
  overrides: EntitlementOverrides | undefined,
  defaults: Entitlements,
): Eligibility {
  if (user === undefined || user.deletedAt !== null) {
    return { exists: false, permanentBlock: false, ...nothing };
  }
  if (user.blockedAt !== null) return { exists: true, permanentBlock: true, ...nothing };
  return {
    exists: true,
    permanentBlock: false,
    ...withOverrides(overrides ?? noOverrides, defaults),
  };
}
