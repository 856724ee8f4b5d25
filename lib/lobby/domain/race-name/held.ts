import type { NameKeys } from '../../../names/keys.ts';

export const raceNameKeyKinds = ['folded', 'skeleton'] as const;

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
