// The Race Name Directory: who holds which race name, across all games of the platform. A name is known by two keys
// (see lib/names/keys.ts); a key belongs to one user at a time, in however many games that user plays, and is
// free again when the last name that has it is gone.

import type { NameKeys } from '../names/keys.ts';
import type { HeldRaceName, NameObstacle, RaceNameKind, WithheldRaceName } from './domain/race-name/held.ts';
import type { Db, Tx } from './store/database.ts';
import type { Page, PageRequest } from './store/pages.ts';

export type Reservation = {
  readonly raceNameId: string;
  readonly userId: string;
  readonly gameId: string;
  readonly name: string;
  readonly keys: NameKeys;
  readonly at: Date;
};

export type Holder = { readonly userId: string; readonly gameId: string };

export type RaceNameDirectory = {
  /**
   * Why `userId` could not reserve a name with these keys now, if so; null: why no user could. The result is not a
   * promise: another user may reserve the name first.
   */
  obstacle(db: Db, userId: string | null, keys: NameKeys): Promise<NameObstacle | undefined>;
  /**
   * Reserves a name, which lasts when the transaction commits; waits for a transaction that holds one of its keys.
   * Takes its locks after the user's guard and the game.
   * @returns the obstacle when one of the keys is not to be had; the transaction is then to be rolled back.
   */
  reserve(tx: Tx, reservation: Reservation): Promise<'reserved' | NameObstacle>;
  /** Gives up what the user holds from this game, if anything. */
  release(tx: Tx, holder: Holder): Promise<void>;
  /** Gives up all that is reserved for this game, which is locked and takes no more players. */
  releaseGame(tx: Tx, gameId: string): Promise<void>;
  /**
   * Gives up all that the user, who is blocked or gone, holds, of every kind. The caller holds the user's guard, so
   * that nothing more is granted, and takes no more locks on games.
   */
  releaseUser(tx: Tx, userId: string): Promise<void>;
  /** Up to `limit` of what `releaseUser` gives up for the user, and `releaseGame` for each of the games. */
  listReleasedWith(
    db: Db,
    removed: { userId: string; gameIds: readonly string[] },
    limit: number,
  ): Promise<HeldRaceName[]>;
  /** Lets the user register what they have reserved in this game, before `until`; the game is over for them. */
  allowRegistration(tx: Tx, holder: Holder, until: Date): Promise<void>;
  /** What `userId` holds under this id. */
  find(db: Db, userId: string, raceNameId: string): Promise<HeldRaceName | undefined>;
  /** As `find`, and locks it until the transaction ends. */
  lock(tx: Tx, userId: string, raceNameId: string): Promise<HeldRaceName | undefined>;
  /** The names that a user has registered: no more than their limit. */
  listRegistered(db: Db, userId: string): Promise<HeldRaceName[]>;
  /**
   * Registers a locked pending registration permanently. The caller holds the user's guard and has checked the rules.
   */
  register(tx: Tx, raceNameId: string, at: Date): Promise<HeldRaceName>;
  /** Up to `limit` pending registrations whose time is over by `now`, the longest first. Locks nothing. */
  listExpired(db: Db, now: Date, limit: number): Promise<HeldRaceName[]>;
  /**
   * Gives up those of these names that are still pending registrations, and whose time is over by `now`. The caller
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

  /** Up to `limit` names that users hold and that have one of these keys, the oldest first. */
  findHeldWith(db: Db, keys: NameKeys, limit: number): Promise<HeldRaceName[]>;
  /** The name that any user holds under this id. */
  findAny(db: Db, raceNameId: string): Promise<HeldRaceName | undefined>;
  /** Gives up one name, which is locked. */
  releaseOne(tx: Tx, raceNameId: string): Promise<void>;
  /**
   * Gives a locked name other words, under the id, kind and times that it has. The caller holds the user's guard.
   * @returns the obstacle when one of the keys is not to be had; the transaction is then to be rolled back.
   */
  rename(
    tx: Tx,
    held: HeldRaceName,
    to: { name: string; keys: NameKeys },
  ): Promise<HeldRaceName | NameObstacle>;

  /**
   * Keeps a name from all players; no two withheld names share a key.
   * @returns the obstacle when one of the keys is not to be had; the transaction is then to be rolled back.
   */
  withhold(tx: Tx, withheld: WithheldRaceName): Promise<'withheld_now' | NameObstacle>;
  /** Makes a withheld name free. @returns what it was, if there is such a name. */
  giveBack(tx: Tx, withheldNameId: string): Promise<WithheldRaceName | undefined>;
  /** The withheld names that have one of these keys: two at most. */
  findWithheldWith(db: Db, keys: NameKeys): Promise<WithheldRaceName[]>;
  /** All that are withheld, the newest first. */
  listWithheld(db: Db, page: PageRequest): Promise<Page<WithheldRaceName>>;
};

/** A directory whose names are not in the database, but follow its transactions. */
export type InProcessRaceNameDirectory = RaceNameDirectory & {
  /** The handle of the same database whose transactions the directory is to be called in. */
  follow(db: Db): Db;
};
