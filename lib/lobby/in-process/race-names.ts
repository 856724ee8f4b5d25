// The Race Name Directory in this process's memory, for tests and for small deployments whose lobby is one process
// (LOBBY_RACE_NAME_DIRECTORY_BACKEND=stub). It begins with the names that members of games have, and forgets
// everything else when the process ends: what was registered, and what could be. Every request scans all names.

import { type NameKeys, nameKeys } from '../../names/keys.ts';
import type { Membership } from '../domain/game.ts';
import type { HeldRaceName, NameObstacle, RaceNameKind, WithheldRaceName } from '../domain/race-name/held.ts';
import type { Holder, InProcessRaceNameDirectory, Reservation } from '../race-name-directory.ts';
import type { Db, Tx } from '../store/database.ts';
import { type PageRequest, takePage } from '../store/pages.ts';
import { TransactionalMap } from './transactional-map.ts';

/** @param memberships whose race names are reserved. */
export function inProcessRaceNames(memberships: readonly Membership[]): InProcessRaceNameDirectory {
  return new InProcessRaceNames(memberships.map(reservationOf));
}

type Condition = (held: HeldRaceName) => boolean;
type Row = HeldRaceName | WithheldRaceName;

class InProcessRaceNames implements InProcessRaceNameDirectory {
  readonly #names: TransactionalMap<Row>;

  constructor(reservations: readonly HeldRaceName[]) {
    this.#names = new TransactionalMap(reservations.map((held) => [held.raceNameId, held]));
  }

  follow(db: Db): Db {
    return this.#names.follow(db);
  }

  async obstacle(db: Db, userId: string | null, keys: NameKeys): Promise<NameObstacle | undefined> {
    if ((await this.findWithheldWith(db, keys)).length > 0) return 'withheld';
    const others = await this.#select(db, (held) => held.userId !== userId && shareAKey(held, keys));
    return others.length === 0 ? undefined : 'taken';
  }

  async reserve(tx: Tx, { raceNameId, userId, gameId, name, keys, at }: Reservation) {
    await this.#names.lock(tx, locksOf(keys));
    const obstacle = await this.obstacle(tx, userId, keys);
    if (obstacle !== undefined) return obstacle;
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
    await this.#giveUp(tx, isReservedIn([gameId]));
  }

  async releaseUser(tx: Tx, userId: string): Promise<void> {
    await this.#giveUp(tx, isOfUser(userId));
  }

  async listReleasedWith(
    db: Db,
    { userId, gameIds }: { userId: string; gameIds: readonly string[] },
    limit: number,
  ): Promise<HeldRaceName[]> {
    const [ofUser, inGames] = [isOfUser(userId), isReservedIn(gameIds)];
    const released = await this.#select(db, (held) => ofUser(held) || inGames(held));
    return released.sort(by(({ heldSince }) => heldSince.getTime())).slice(0, limit);
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

  async findHeldWith(db: Db, keys: NameKeys, limit: number): Promise<HeldRaceName[]> {
    const held = await this.#select(db, (one) => shareAKey(one, keys));
    return held.sort(by(({ heldSince }) => heldSince.getTime())).slice(0, limit);
  }

  async findAny(db: Db, raceNameId: string): Promise<HeldRaceName | undefined> {
    const [held] = await this.#select(db, (one) => one.raceNameId === raceNameId);
    return held;
  }

  async releaseOne(tx: Tx, raceNameId: string): Promise<void> {
    await this.#giveUp(tx, (held) => held.raceNameId === raceNameId);
  }

  async rename(tx: Tx, held: HeldRaceName, { name, keys }: { name: string; keys: NameKeys }) {
    await this.#names.lock(tx, locksOf(keys));
    return (await this.obstacle(tx, held.userId, keys)) ?? this.#change(tx, held, { name, ...keys });
  }

  async withhold(tx: Tx, withheld: WithheldRaceName) {
    await this.#names.lock(tx, locksOf(withheld));
    const obstacle = await this.obstacle(tx, null, withheld);
    if (obstacle !== undefined) return obstacle;
    this.#names.set(tx, withheld.withheldNameId, withheld);
    return 'withheld_now';
  }

  async giveBack(tx: Tx, withheldNameId: string): Promise<WithheldRaceName | undefined> {
    const find = async () => (await this.#withheld(tx)).find((one) => one.withheldNameId === withheldNameId);
    const seen = await find();
    if (seen === undefined) return undefined;
    await this.#names.lock(tx, locksOf(seen));
    const found = await find();
    if (found !== undefined) this.#names.delete(tx, withheldNameId);
    return found;
  }

  async findWithheldWith(db: Db, keys: NameKeys): Promise<WithheldRaceName[]> {
    return (await this.#withheld(db)).filter((one) => shareAKey(one, keys));
  }

  async listWithheld(db: Db, { size, after }: PageRequest) {
    const all = (await this.#withheld(db)).map((one) => ({
      at: one.withheldAt,
      id: one.withheldNameId,
      one,
    }));
    const newest = all.sort((a, b) => b.at.getTime() - a.at.getTime() || (a.id < b.id ? 1 : -1));
    const next = newest.filter(
      ({ at, id }) =>
        after === undefined || at < after.at || (at.getTime() === after.at.getTime() && id < after.id),
    );
    return takePage(
      next.slice(0, size + 1).map(({ one }) => one),
      size,
      (last) => ({ at: last.withheldAt, id: last.withheldNameId }),
    );
  }

  async #withheld(db: Db): Promise<WithheldRaceName[]> {
    return (await this.#names.rows(db)).filter((row) => 'withheldNameId' in row);
  }

  async #select(db: Db, condition: Condition): Promise<HeldRaceName[]> {
    return (await this.#names.rows(db)).filter((row) => 'raceNameId' in row).filter(condition);
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

function isOfUser(userId: string): Condition {
  return (held) => held.userId === userId;
}

function isReservedIn(gameIds: readonly string[]): Condition {
  return (held) => gameIds.includes(held.gameId) && held.kind === 'reservation';
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
