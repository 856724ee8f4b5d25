// The Race Name Directory: who holds which race name, across all games of the platform. A name is known by two keys
// (see domain/race-name/keys.ts); a key belongs to one user at a time, in however many games that user plays, and is
// free again when the last name that has it is gone.
import type { HeldRaceName, RaceNameKind } from './domain/race-name/held.ts';
import type { RaceNameKeys } from './domain/race-name/keys.ts';
import type { Db, Tx } from './store/database.ts';
import type { Page, PageRequest } from './store/pages.ts';

export type Reservation = {
  readonly raceNameId: string;
  readonly userId: string;
  readonly gameId: string;
  readonly name: string;
  readonly keys: RaceNameKeys;
  readonly at: Date;
};

export type Holder = { readonly userId: string; readonly gameId: string };

export type RaceNameDirectory = {
  /**
   * Whether `userId` could reserve a name with these keys now; null: whether nobody has one of them. Decides nothing:
   * another may reserve it first.
   */
  isFreeFor(db: Db, userId: string | null, keys: RaceNameKeys): Promise<boolean>;
  /**
   * Reserves a name for the rest of the transaction, and for good when it commits; waits for a transaction that
   * holds one of its keys. Takes its locks after the user's guard and the game.
   * @returns `taken` when another user has one of the keys; the transaction is then to be rolled back.
   */
  reserve(tx: Tx, reservation: Reservation): Promise<'reserved' | 'taken'>;
  /** Gives up what the user holds from this game; nothing happens when that is nothing. */
  release(tx: Tx, holder: Holder): Promise<void>;
  /** Gives up whatever is reserved for this game, which is locked and takes no more players. */
  releaseGame(tx: Tx, gameId: string): Promise<void>;
  /**
   * Gives up whatever the user holds, of every kind, whatever other rules say: they are blocked or gone. The caller
   * holds the user's guard, so that nothing more is granted, and all the locks on games that it wants.
   */
  releaseUser(tx: Tx, userId: string): Promise<void>;
  /** Lets the user register what they have reserved in this game, before `until`; the game is over for them. */
  allowRegistration(tx: Tx, holder: Holder, until: Date): Promise<void>;
  /** What `userId` holds under this id. */
  find(db: Db, userId: string, raceNameId: string): Promise<HeldRaceName | undefined>;
  /** As `find`, and keeps everybody else from changing it until the transaction ends. */
  lock(tx: Tx, userId: string, raceNameId: string): Promise<HeldRaceName | undefined>;
  /** The names that a user has registered: no more than their limit. */
  listRegistered(db: Db, userId: string): Promise<HeldRaceName[]>;
  /** Makes a locked pending registration one for good. The caller holds the user's guard and has checked the rules. */
  register(tx: Tx, raceNameId: string, at: Date): Promise<HeldRaceName>;
  /** Up to `limit` pending registrations whose time is over by `now`, the longest first. Decides nothing. */
  listExpired(db: Db, now: Date, limit: number): Promise<HeldRaceName[]>;
  /**
   * Gives up those of these names that are pending registrations still, and whose time is over by `now`. The caller
   * holds the locks on their games.
   * @returns what was given up.
   */
  expire(tx: Tx, raceNameIds: readonly string[], now: Date): Promise<HeldRaceName[]>;
  /** What a user holds, the newest first. */
  list(
    db: Db,
    userId: string,
    kind: RaceNameKind | undefined,
    page: PageRequest,
  ): Promise<Page<HeldRaceName>>;
};

/** One whose names are not in the database, but come and go with its transactions. */
export type InProcessRaceNameDirectory = RaceNameDirectory & {
  /** The handle of the same database whose transactions the directory is to be called in. */
  follow(db: Db): Db;
};
