// What a user may do in the lobby, decided from the user's rights and limits in the User Service.
import type { GameType } from './game.ts';

/** The rights and limits of a user who exists and is not blocked permanently. */
export type Eligibility = {
  readonly userId: string;
  readonly canCreatePublicGame: boolean;
  readonly canCreatePrivateGame: boolean;
  readonly canJoinGame: boolean;
  /** Limits count what the user has now. A user who has reached a limit gets nothing more. */
  readonly maxOwnedGames: number;
  readonly maxActiveMemberships: number;
  readonly maxRegisteredRaceNames: number;
  /** A keyed hash of the user's e-mail address; undefined when the User Service does not say. */
  readonly addressHash?: string | undefined;
};

export type IneligibilityReason =
  | 'may_not_create_public_games'
  | 'may_not_create_private_games'
  | 'may_not_join_games'
  | 'owned_games_limit_reached'
  | 'active_memberships_limit_reached'
  | 'registered_race_names_limit_reached';

export type EligibilityVerdict =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly code: 'not_eligible';
      readonly message: string;
      readonly details: { readonly reasons: readonly IneligibilityReason[] };
    };

/** @param ownedGames games of the user that are neither finished nor cancelled. */
export function mayCreate(
  eligibility: Eligibility,
  gameType: GameType,
  ownedGames: number,
): EligibilityVerdict {
  const reasons: IneligibilityReason[] = [];
  if (gameType === 'public' && !eligibility.canCreatePublicGame) reasons.push('may_not_create_public_games');
  if (gameType === 'private' && !eligibility.canCreatePrivateGame)
    reasons.push('may_not_create_private_games');
  if (ownedGames >= eligibility.maxOwnedGames) reasons.push('owned_games_limit_reached');
  return verdict(`create a ${gameType} game`, reasons, eligibility);
}

/** @param activeMemberships of the user, in games that are neither finished nor cancelled. */
export function mayJoin(eligibility: Eligibility, activeMemberships: number): EligibilityVerdict {
  const reasons: IneligibilityReason[] = [];
  if (!eligibility.canJoinGame) reasons.push('may_not_join_games');
  if (activeMemberships >= eligibility.maxActiveMemberships) reasons.push('active_memberships_limit_reached');
  return verdict('join a game', reasons, eligibility);
}

/** @param registered race names of the user. */
export function mayRegister(eligibility: Eligibility, registered: number): EligibilityVerdict {
  const reasons: IneligibilityReason[] = [];
  if (registered >= eligibility.maxRegisteredRaceNames) reasons.push('registered_race_names_limit_reached');
  return verdict('register a race name', reasons, eligibility);
}

function verdict(
  what: string,
  reasons: readonly IneligibilityReason[],
  eligibility: Eligibility,
): EligibilityVerdict {
  if (reasons.length === 0) return { ok: true };
  const why = reasons.map((reason) => explain(reason, eligibility)).join(', and ');
  return {
    ok: false,
    code: 'not_eligible',
    message: `The user may not ${what}: ${why}.`,
    details: { reasons },
  };
}

function explain(reason: IneligibilityReason, eligibility: Eligibility): string {
  switch (reason) {
    case 'may_not_create_public_games':
    case 'may_not_create_private_games':
    case 'may_not_join_games':
      return 'the account lacks that right';
    case 'owned_games_limit_reached':
      return `its limit of ${eligibility.maxOwnedGames} owned games is reached`;
    case 'active_memberships_limit_reached':
      return `its limit of ${eligibility.maxActiveMemberships} active memberships is reached`;
    case 'registered_race_names_limit_reached':
      return `its limit of ${eligibility.maxRegisteredRaceNames} registered race names is reached`;
  }
}
