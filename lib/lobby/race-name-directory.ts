// The Race Name Directory: who holds which race name, across all games of the platform. A name is known by two keys
// (see domain/race-name/keys.ts); a key belongs to one user at a time, in however many games that user plays, and is
// free again when the last name that has it is gone.
import type { RaceNameKeys } from './domain/race-name/keys.ts';
import type { Db, Tx } from './store/database.ts';

export const raceNameKeyKinds = ['folded', 'skeleton'] as const;

/** `reservation` while its game lasts, `pending_registration` for some time after, `registered` for good. */
export const raceNameKinds = ['reservation', 'pending_registration', 'registered'] as const;

export type Reservation = {
  readonly raceNameId: string;
  readonly userId: string;
  readonly gameId: string;
  readonly name: string;
  readonly keys: RaceNameKeys;
  readonly at: Date;
};

export type RaceNameDirectory = {
  /** Whether `userId` could reserve a name with these keys now. Decides nothing: another may reserve it first. */
  isFreeFor(db: Db, userId: string, keys: RaceNameKeys): Promise<boolean>;
  /**
   * Reserves a name for the rest of the transaction, and for good when it commits; waits for a transaction that
   * holds one of its keys. Takes its locks after the user's guard and the game.
   * @returns `taken` when another user has one of the keys; the transaction is then to be rolled back.
   */
  reserve(tx: Tx, reservation: Reservation): Promise<'reserved' | 'taken'>;
  /** Gives up what the user holds from this game; nothing happens when that is nothing. */
  release(tx: Tx, holder: { readonly userId: string; readonly gameId: string }): Promise<void>;
};
