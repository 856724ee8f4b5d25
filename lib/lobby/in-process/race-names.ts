// The Race Name Directory in this process's memory, for tests and for small deployments whose lobby is one process
// (LOBBY_RACE_NAME_DIRECTORY_BACKEND=stub). It begins with the names that members of games have, and forgets
// everything else when the process ends: what was registered, and what could be. Every request scans all names.
import type { Membership } from '../domain/game.ts';
import type { HeldRaceName } from '../domain/race-name/held.ts';
import { type RaceNameKeys, raceNameKeys } from '../domain/race-name/keys.ts';
import type { InProcessRaceNameDirectory } from '../race-name-directory.ts';
import type { Db, Tx } from '../store/database.ts';
import { takePage } from '../store/pages.ts';
import { TransactionalMap } from './transactional-map.ts';

/** @param memberships whose race names are reserved. */
export function inProcessRaceNames(memberships: readonly Membership[]): InProcessRaceNameDirectory {
  const names = new TransactionalMap(memberships.map((one) => [one.membershipId, reservationOf(one)]));

  const select = async (db: Db, isMeant: (held: HeldRaceName) => boolean) =>
    (await names.rows(db)).filter(isMeant);

  /** As `select`, and locks the names. */
  const selectLocked = async (tx: Tx, isMeant: (held: HeldRaceName) => boolean) => {
    const seen = await select(tx, isMeant);
    await names.lock(tx, seen.flatMap(locksOf));
    const ids = new Set(seen.map(({ raceNameId }) => raceNameId));
    return select(tx, (held) => ids.has(held.raceNameId) && isMeant(held));
  };

  const giveUp = async (tx: Tx, isMeant: (held: HeldRaceName) => boolean) => {
    const meant = await selectLocked(tx, isMeant);
    for (const { raceNameId } of meant) names.delete(tx, raceNameId);
    return meant;
  };

  const change = (tx: Tx, held: HeldRaceName, changes: Partial<HeldRaceName>) => {
    const changed = { ...held, ...changes };
    names.set(tx, held.raceNameId, changed);
    return changed;
  };

  const isFreeFor = async (db: Db, userId: string, keys: RaceNameKeys) =>
    (await select(db, (held) => held.userId !== userId && shareAKey(held, keys))).length === 0;

  return {
    follow: (db) => names.follow(db),

    isFreeFor,

    async reserve(tx, { raceNameId, userId, gameId, name, keys, at }) {
      await names.lock(tx, locksOf(keys));
      if (!(await isFreeFor(tx, userId, keys))) return 'taken';
      const [another] = await select(tx, (held) => held.userId === userId && held.gameId === gameId);
      if (another !== undefined)
        throw new Error(`User ${userId} holds a race name from game ${gameId} already.`);
      names.set(tx, raceNameId, {
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
    },

    async release(tx, { userId, gameId }) {
      await giveUp(tx, (held) => held.userId === userId && held.gameId === gameId);
    },

    async releaseGame(tx, gameId) {
      await giveUp(tx, (held) => held.gameId === gameId && held.kind === 'reservation');
    },

    async releaseUser(tx, userId) {
      await giveUp(tx, (held) => held.userId === userId);
    },

    async allowRegistration(tx, { userId, gameId }, until) {
      const [reserved] = await selectLocked(
        tx,
        (held) => held.userId === userId && held.gameId === gameId && held.kind === 'reservation',
      );
      if (reserved === undefined)
        throw new Error(`User ${userId} has reserved no race name in game ${gameId}.`);
      change(tx, reserved, { kind: 'pending_registration', registerUntil: until });
    },

    async find(db, userId, raceNameId) {
      const [held] = await select(db, (one) => one.userId === userId && one.raceNameId === raceNameId);
      return held;
    },

    async lock(tx, userId, raceNameId) {
      const [held] = await selectLocked(tx, (one) => one.userId === userId && one.raceNameId === raceNameId);
      return held;
    },

    listRegistered(db, userId) {
      return select(db, (held) => held.userId === userId && held.kind === 'registered');
    },

    async register(tx, raceNameId, at) {
      const [pending] = await selectLocked(
        tx,
        (held) => held.raceNameId === raceNameId && held.kind === 'pending_registration',
      );
      if (pending === undefined) throw new Error(`Race name ${raceNameId} is not a pending registration.`);
      return change(tx, pending, { kind: 'registered', registerUntil: null, registeredAt: at });
    },

    async listExpired(db, now, limit) {
      const expired = await select(db, (held) => isExpired(held, now));
      return expired.sort(by(({ registerUntil }) => registerUntil?.getTime() ?? 0)).slice(0, limit);
    },

    async expire(tx, raceNameIds, now) {
      return giveUp(tx, (held) => raceNameIds.includes(held.raceNameId) && isExpired(held, now));
    },

    async list(db, userId, kind, { size, after }) {
      const position = (held: HeldRaceName) => ({ at: held.heldSince, id: held.raceNameId });
      const isBehind = ({ heldSince, raceNameId }: HeldRaceName) =>
        after === undefined ||
        heldSince < after.at ||
        (heldSince.getTime() === after.at.getTime() && raceNameId < after.id);
      const held = await select(
        db,
        (one) => one.userId === userId && (kind === undefined || one.kind === kind) && isBehind(one),
      );
      const newest = held.sort(by(({ heldSince }) => heldSince.getTime())).reverse();
      return takePage(newest.slice(0, size + 1), size, position);
    },
  };
}

/** The name that a member has reserved. Its id is the membership's, so that a restart does not change it. */
function reservationOf({ membershipId, userId, gameId, raceName, joinedAt }: Membership): HeldRaceName {
  return {
    raceNameId: membershipId,
    kind: 'reservation',
    userId,
    gameId,
    name: raceName,
    ...raceNameKeys(raceName),
    heldSince: joinedAt,
    registerUntil: null,
    registeredAt: null,
  };
}

function locksOf({ folded, skeleton }: RaceNameKeys): string[] {
  return [`folded ${folded}`, `skeleton ${skeleton}`];
}

function shareAKey(one: RaceNameKeys, other: RaceNameKeys): boolean {
  return one.folded === other.folded || one.skeleton === other.skeleton;
}

function isExpired({ registerUntil }: HeldRaceName, now: Date): boolean {
  return registerUntil !== null && registerUntil <= now;
}

/** Ascending, and by id among equals. */
function by(time: (held: HeldRaceName) => number) {
  return (a: HeldRaceName, b: HeldRaceName) => time(a) - time(b) || (a.raceNameId < b.raceNameId ? -1 : 1);
}
