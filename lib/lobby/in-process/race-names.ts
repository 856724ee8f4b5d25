// The Race Name Directory in this process's memory, for tests and for small deployments whose lobby is one process
// (LOBBY_RACE_NAME_DIRECTORY_BACKEND=stub). It begins with the names that members of games have, and forgets
// everything else when the process ends: what was registered, and what could be. Every request scans all names.

import { type NameKeys, nameKeys } from '../../names/keys.ts';
import type { Membership } from '../domain/game.ts';
import type { HeldRaceName, RaceNameKind } from '../domain/race-name/held.ts';
import type { Holder, InProcessRaceNameDirectory, Reservation } from '../race-name-directory.ts';
import type { Db, Tx } from '../store/database.ts';
import { type PageRequest, takePage } from '../store/pages.ts';
import { TransactionalMap } from './transactional-map.ts';

/** @param memberships whose race names are reserved. */
export function inProcessRaceNames(memberships: readonly Membership[]): InProcessRaceNameDirectory {
  return new InProcessRaceNames(memberships.map(reservationOf));
}

type Condition = (held: HeldRaceName) => boolean;

class InProcessRaceNames implements InProcessRaceNameDirectory {
  readonly #names: TransactionalMap<HeldRaceName>;

  constructor(reservations: readonly HeldRaceName[]) {
    this.#names = new TransactionalMap(reservations.map((held) => [held.raceNameId, held]));
  }

  follow(db: Db): Db {
    return this.#names.follow(db);
  }

  async isFreeFor(db: Db, userId: string | null, keys: NameKeys): Promise<boolean> {
    const others = await this.#select(db, (held) => held.userId !== userId && shareAKey(held, keys));
    return others.length === 0;
  }

  async reserve(tx: Tx, { raceNameId, userId, gameId, name, keys, at }: Reservation) {
    await this.#names.lock(tx, locksOf(keys));
    if (!(await this.isFreeFor(tx, userId, keys))) return 'taken';
    const [another] = await this.#select(tx, isFrom({ userId, gameId }));
    if (another !== undefined) {
      throw new Error(`User ${userId} holds a race name from game ${gameId} already.`);
    }
    this.#names.set(tx, raceNameId, {
      raceNameId,
      kind: 'reservation',
      userId,
      gameId,
      name,
      ...keys,
      heldSince: at,
      registerUntil: null,
      registeredAt: null,
    });
    return 'reserved';
  }

  async release(tx: Tx, holder: Holder): Promise<void> {
    await this.#giveUp(tx, isFrom(holder));
  }

  async releaseGame(tx: Tx, gameId: string): Promise<void> {
    await this.#giveUp(tx, (held) => held.gameId === gameId && held.kind === 'reservation');
  }

  async releaseUser(tx: Tx, userId: string): Promise<void> {
    await this.#giveUp(tx, (held) => held.userId === userId);
  }

  async allowRegistration(tx: Tx, holder: Holder, until: Date): Promise<void> {
    const [reserved] = await this.#selectLocked(
      tx,
      (held) => isFrom(holder)(held) && held.kind === 'reservation',
    );
    if (reserved === undefined) {
      throw new Error(`User ${holder.userId} has reserved no race name in game ${holder.gameId}.`);
    }
    this.#change(tx, reserved, { kind: 'pending_registration', registerUntil: until });
  }

  async find(db: Db, userId: string, raceNameId: string): Promise<HeldRaceName | undefined> {
    const [held] = await this.#select(db, isHeldAs(userId, raceNameId));
    return held;
  }

  async lock(tx: Tx, userId: string, raceNameId: string): Promise<HeldRaceName | undefined> {
    const [held] = await this.#selectLocked(tx, isHeldAs(userId, raceNameId));
    return held;
  }

  listRegistered(db: Db, userId: string): Promise<HeldRaceName[]> {
    return this.#select(db, (held) => held.userId === userId && held.kind === 'registered');
  }

  async register(tx: Tx, raceNameId: string, at: Date): Promise<HeldRaceName> {
    const [pending] = await this.#selectLocked(
      tx,
      (held) => held.raceNameId === raceNameId && held.kind === 'pending_registration',
    );
    if (pending === undefined) throw new Error(`Race name ${raceNameId} is not a pending registration.`);
    return this.#change(tx, pending, { kind: 'registered', registerUntil: null, registeredAt: at });
  }

  async listExpired(db: Db, now: Date, limit: number): Promise<HeldRaceName[]> {
    const expired = await this.#select(db, (held) => isExpired(held, now));
    return expired.sort(by(({ registerUntil }) => registerUntil?.getTime() ?? 0)).slice(0, limit);
  }

  expire(tx: Tx, raceNameIds: readonly string[], now: Date): Promise<HeldRaceName[]> {
    return this.#giveUp(tx, (held) => raceNameIds.includes(held.raceNameId) && isExpired(held, now));
  }

  async list(db: Db, userId: string, kind: RaceNameKind | undefined, { size, after }: PageRequest) {
    const isBehind = ({ heldSince, raceNameId }: HeldRaceName) =>
      after === undefined ||
      heldSince < after.at ||
      (heldSince.getTime() === after.at.getTime() && raceNameId < after.id);
    const held = await this.#select(
      db,
      (one) => one.userId === userId && (kind === undefined || one.kind === kind) && isBehind(one),
    );
    const newest = held.sort(by(({ heldSince }) => heldSince.getTime())).reverse();
    return takePage(newest.slice(0, size + 1), size, (last) => ({ at: last.heldSince, id: last.raceNameId }));
  }

  async #select(db: Db, condition: Condition): Promise<HeldRaceName[]> {
    return (await this.#names.rows(db)).filter(condition);
  }

  async #selectLocked(tx: Tx, condition: Condition): Promise<HeldRaceName[]> {
    const seen = await this.#select(tx, condition);
    await this.#names.lock(tx, seen.flatMap(locksOf));
    const ids = new Set(seen.map(({ raceNameId }) => raceNameId));
    return this.#select(tx, (held) => ids.has(held.raceNameId) && condition(held));
  }

  async #giveUp(tx: Tx, condition: Condition): Promise<HeldRaceName[]> {
    const givenUp = await this.#selectLocked(tx, condition);
    for (const { raceNameId } of givenUp) this.#names.delete(tx, raceNameId);
    return givenUp;
  }

  #change(tx: Tx, held: HeldRaceName, changes: Partial<HeldRaceName>): HeldRaceName {
    const changed = { ...held, ...changes };
    this.#names.set(tx, held.raceNameId, changed);
    return changed;
  }
}

function isFrom({ userId, gameId }: Holder): Condition {
  return (held) => held.userId === userId && held.gameId === gameId;
}

function isHeldAs(userId: string, raceNameId: string): Condition {
  return (held) => held.userId === userId && held.raceNameId === raceNameId;
}

/** The name that a member has reserved. Its id is the membership's, so that a restart does not change it. */
function reservationOf({ membershipId, userId, gameId, raceName, joinedAt }: Membership): HeldRaceName {
  return {
    raceNameId: membershipId,
    kind: 'reservation',
    userId,
    gameId,
    name: raceName,
    ...nameKeys(raceName),
    heldSince: joinedAt,
    registerUntil: null,
    registeredAt: null,
  };
}

function locksOf({ folded, skeleton }: NameKeys): string[] {
  return [`folded ${folded}`, `skeleton ${skeleton}`];
}

function shareAKey(one: NameKeys, other: NameKeys): boolean {
  return one.folded === other.folded || one.skeleton === other.skeleton;
}

function isExpired({ registerUntil }: HeldRaceName, now: Date): boolean {
  return registerUntil !== null && registerUntil <= now;
}

/** Ascending, and by id among equals. */
function by(time: (held: HeldRaceName) => number) {
  return (a: HeldRaceName, b: HeldRaceName) => time(a) - time(b) || (a.raceNameId < b.raceNameId ? -1 : 1);
}
