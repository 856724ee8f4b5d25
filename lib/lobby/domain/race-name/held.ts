import type { NameKeys } from '../../../names/keys.ts';

export const raceNameKeyKinds = ['folded', 'skeleton'] as const;

/** Whose the keys of withheld names are: no user has this id. */
export const nobody = '00000000-0000-0000-0000-000000000000';

/** Why a user cannot have a name: another user has it, or an operator withholds it from all. */
export type NameObstacle = 'taken' | 'withheld';

/** A race name that an operator keeps from all players. */
export type WithheldRaceName = NameKeys & {
  readonly withheldNameId: string;
  readonly name: string;
  readonly reason: string;
  /** The admin, if the request named one. */
  readonly withheldBy: string | null;
  readonly withheldAt: Date;
};

/** `reservation` while its game lasts, `pending_registration` for some time after, `registered` permanently. */
export const raceNameKinds = ['reservation', 'pending_registration', 'registered'] as const;
export type RaceNameKind = (typeof raceNameKinds)[number];

/** A race name that a user holds, from the game in which they came by it. */
export type HeldRaceName = NameKeys & {
  readonly raceNameId: string;
  readonly kind: RaceNameKind;
  readonly userId: string;
  readonly gameId: string;
  readonly name: string;
  readonly heldSince: Date;
  /** Set while, and only while, it is a `pending_registration`: from then on it cannot be registered. */
  readonly registerUntil: Date | null;
  /** Set when, and only when, it is `registered`. */
  readonly registeredAt: Date | null;
};
