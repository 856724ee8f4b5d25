// The Race Name Directory in PostgreSQL. Keys are locked in sorted order, so that two users who want each other's
// names wait instead of deadlocking; the owner of a key is read only while the key is locked.
import { and, asc, desc, eq, inArray, lte, notExists, or, type SQL, sql } from 'drizzle-orm';
import type { NameKeys } from '../../names/keys.ts';
import { type Given, statement } from '../../postgres/statement.ts';
import { type HeldRaceName, type NameObstacle, nobody } from '../domain/race-name/held.ts';
import type { RaceNameDirectory } from '../race-name-directory.ts';
import type { Db, Tx } from './database.ts';
import { before, takePage } from './pages.ts';
import { raceNameKeys, raceNames, withheldRaceNames } from './schema.ts';

const findOther = statement(
  'find_other_with_race_name',
  (db: Db, { folded, skeleton, userId }: Given<NameKeys & { userId: string | null }>) =>
    db
      .select({ userId: raceNameKeys.userId })
      .from(raceNameKeys)
      .where(and(isKeyOf({ folded, skeleton }), sql`${raceNameKeys.userId} is distinct from ${userId}`)),
);

const claimKeys = statement(
  'claim_race_name_keys',
  (tx: Tx, { folded, skeleton, userId }: Given<NameKeys & { userId: string }>) =>
    tx
      .insert(raceNameKeys)
      // Inserted, and thereby locked, in this order, which is the sorted one.
      .values([
        { kind: 'folded', key: folded, userId },
        { kind: 'skeleton', key: skeleton, userId },
      ])
      // Changes nothing, but locks an existing key and returns its owner.
      .onConflictDoUpdate({
        target: [raceNameKeys.kind, raceNameKeys.key],
        set: { userId: raceNameKeys.userId },
      })
      .returning({ userId: raceNameKeys.userId }),
);

type Reservation = Pick<HeldRaceName, 'raceNameId' | 'userId' | 'gameId' | 'name' | 'heldSince'> & NameKeys;

const insertReservation = statement(
  'insert_race_name_reservation',
  (tx: Tx, { raceNameId, userId, gameId, name, folded, skeleton, heldSince }: Given<Reservation>) =>
    tx
      .insert(raceNames)
      .values({ raceNameId, kind: 'reservation', userId, gameId, name, folded, skeleton, heldSince }),
);

export const postgresRaceNames: RaceNameDirectory = {
  async obstacle(db, userId, keys) {
    return obstacleOf(await findOther(db, { userId, ...keys }), userId);
  },

  async reserve(tx, { raceNameId, userId, gameId, name, keys, at }) {
    const obstacle = obstacleOf(await claimKeys(tx, { userId, ...keys }), userId);
    if (obstacle !== undefined) return obstacle;
    await insertReservation(tx, { raceNameId, userId, gameId, name, ...keys, heldSince: at });
    return 'reserved';
  },

  async release(tx, { userId, gameId }) {
    await giveUp(tx, and(eq(raceNames.gameId, gameId), eq(raceNames.userId, userId)));
  },

  async releaseGame(tx, gameId) {
    await giveUp(tx, isReservedIn([gameId]));
  },

  async releaseUser(tx, userId) {
    await giveUp(tx, isOfUser(userId));
  },

  async listReleasedWith(db, { userId, gameIds }, limit) {
    return db
      .select()
      .from(raceNames)
      .where(or(isOfUser(userId), isReservedIn(gameIds)))
      .orderBy(asc(raceNames.heldSince), asc(raceNames.raceNameId))
      .limit(limit);
  },

  async allowRegistration(tx, { userId, gameId }, until) {
    const allowed = await tx
      .update(raceNames)
      .set({ kind: 'pending_registration', registerUntil: until })
      .where(
        and(eq(raceNames.gameId, gameId), eq(raceNames.userId, userId), eq(raceNames.kind, 'reservation')),
      )
      .returning({ raceNameId: raceNames.raceNameId });
    if (allowed.length === 0) throw new Error(`User ${userId} has reserved no race name in game ${gameId}.`);
  },

  async find(db, userId, raceNameId) {
    const [held] = await db.select().from(raceNames).where(isHeldAs(userId, raceNameId));
    return held;
  },

  async lock(tx, userId, raceNameId) {
    const [held] = await tx.select().from(raceNames).where(isHeldAs(userId, raceNameId)).for('update');
    return held;
  },

  async listRegistered(db, userId) {
    return db
      .select()
      .from(raceNames)
      .where(and(eq(raceNames.userId, userId), eq(raceNames.kind, 'registered')));
  },

  async register(tx, raceNameId, at) {
    const [registered] = await tx
      .update(raceNames)
      .set({ kind: 'registered', registerUntil: null, registeredAt: at })
      .where(and(eq(raceNames.raceNameId, raceNameId), eq(raceNames.kind, 'pending_registration')))
      .returning();
    if (registered === undefined) throw new Error(`Race name ${raceNameId} is not a pending registration.`);
    return registered;
  },

  async listExpired(db, now, limit) {
    return db
      .select()
      .from(raceNames)
      .where(isExpired(now))
      .orderBy(asc(raceNames.registerUntil), asc(raceNames.raceNameId))
      .limit(limit);
  },

  async expire(tx, raceNameIds, now) {
    return giveUp(tx, and(inArray(raceNames.raceNameId, [...raceNameIds]), isExpired(now)));
  },

  async list(db, userId, kind, { size, after }) {
    const rows = await db
      .select()
      .from(raceNames)
      .where(
        and(
          eq(raceNames.userId, userId),
          kind && eq(raceNames.kind, kind),
          after && before(raceNames.heldSince, raceNames.raceNameId, after),
        ),
      )
      .orderBy(desc(raceNames.heldSince), desc(raceNames.raceNameId))
      .limit(size + 1);
    return takePage(rows, size, (held) => ({ at: held.heldSince, id: held.raceNameId }));
  },

  async findHeldWith(db, keys, limit) {
    return db
      .select()
      .from(raceNames)
      .where(or(eq(raceNames.folded, keys.folded), eq(raceNames.skeleton, keys.skeleton)))
      .orderBy(asc(raceNames.heldSince), asc(raceNames.raceNameId))
      .limit(limit);
  },

  async findAny(db, raceNameId) {
    const [held] = await db.select().from(raceNames).where(eq(raceNames.raceNameId, raceNameId));
    return held;
  },

  async releaseOne(tx, raceNameId) {
    await giveUp(tx, eq(raceNames.raceNameId, raceNameId));
  },

  async rename(tx, held, { name, keys }) {
    const { raceNameId, userId } = held;
    const obstacle = obstacleOf(await claimKeys(tx, { userId, ...keys }), userId);
    if (obstacle !== undefined) return obstacle;
    await lockKeys(tx, isKeyOfAny([held]));
    const [renamed] = await tx
      .update(raceNames)
      .set({ name, ...keys })
      .where(eq(raceNames.raceNameId, raceNameId))
      .returning();
    if (renamed === undefined) throw new Error(`Race name ${raceNameId} is not held.`);
    await deleteUnusedKeys(tx, isKeyOfAny([held]));
    return renamed;
  },

  async withhold(tx, withheld) {
    const { folded, skeleton } = withheld;
    const obstacle = obstacleOf(await claimKeys(tx, { userId: nobody, folded, skeleton }), nobody);
    if (obstacle !== undefined) return obstacle;
    const inserted = await tx
      .insert(withheldRaceNames)
      .values(withheld)
      .onConflictDoNothing()
      .returning({ withheldNameId: withheldRaceNames.withheldNameId });
    return inserted.length === 0 ? 'withheld' : 'withheld_now';
  },

  async giveBack(tx, withheldNameId) {
    const isMeant = eq(withheldRaceNames.withheldNameId, withheldNameId);
    const [seen] = await tx.select().from(withheldRaceNames).where(isMeant);
    if (seen === undefined) return undefined;
    await lockKeys(tx, isKeyOfAny([seen]));
    const [givenBack] = await tx.delete(withheldRaceNames).where(isMeant).returning();
    if (givenBack !== undefined) await tx.delete(raceNameKeys).where(isKeyOfAny([givenBack]));
    return givenBack;
  },

  async findWithheldWith(db, { folded, skeleton }) {
    return db
      .select()
      .from(withheldRaceNames)
      .where(or(eq(withheldRaceNames.folded, folded), eq(withheldRaceNames.skeleton, skeleton)));
  },

  async listWithheld(db, { size, after }) {
    const { withheldAt, withheldNameId } = withheldRaceNames;
    const rows = await db
      .select()
      .from(withheldRaceNames)
      .where(after && before(withheldAt, withheldNameId, after))
      .orderBy(desc(withheldAt), desc(withheldNameId))
      .limit(size + 1);
    return takePage(rows, size, (one) => ({ at: one.withheldAt, id: one.withheldNameId }));
  },
};

/** Why a user cannot have the keys whose owners these are. */
function obstacleOf(owners: readonly { userId: string }[], userId: string | null): NameObstacle | undefined {
  const others = owners.filter((owner) => owner.userId !== userId);
  if (others.length === 0) return undefined;
  return others.some((owner) => owner.userId === nobody) ? 'withheld' : 'taken';
}

/** Gives up the names that are meant, and those of their keys that no other name has. */
async function giveUp(tx: Tx, meant: SQL | undefined): Promise<HeldRaceName[]> {
  const names = await tx.select().from(raceNames).where(meant);
  if (names.length === 0) return [];
  const keys = isKeyOfAny(names);
  await lockKeys(tx, keys);
  const ids = names.map(({ raceNameId }) => raceNameId);
  const givenUp = await tx
    .delete(raceNames)
    .where(and(meant, inArray(raceNames.raceNameId, ids)))
    .returning();
  await deleteUnusedKeys(tx, keys);
  return givenUp;
}

async function lockKeys(tx: Tx, keys: SQL | undefined): Promise<void> {
  await tx
    .select({ key: raceNameKeys.key })
    .from(raceNameKeys)
    .where(keys)
    .orderBy(raceNameKeys.kind, raceNameKeys.key)
    .for('update');
}

/** Of these keys, which are locked and belong to a user. */
async function deleteUnusedKeys(tx: Tx, keys: SQL | undefined): Promise<void> {
  await tx.delete(raceNameKeys).where(and(keys, notExists(namesWithTheKey(tx))));
}

function isOfUser(userId: string) {
  return eq(raceNames.userId, userId);
}

function isReservedIn(gameIds: readonly string[]) {
  return and(inArray(raceNames.gameId, [...gameIds]), eq(raceNames.kind, 'reservation'));
}

/** Only what is pending has such a time. */
function isExpired(now: Date) {
  return lte(raceNames.registerUntil, now);
}

function isHeldAs(userId: string, raceNameId: string) {
  return and(eq(raceNames.raceNameId, raceNameId), eq(raceNames.userId, userId));
}

function isKeyOf({ folded, skeleton }: Given<NameKeys>) {
  return or(
    and(eq(raceNameKeys.kind, 'folded'), eq(raceNameKeys.key, folded)),
    and(eq(raceNameKeys.kind, 'skeleton'), eq(raceNameKeys.key, skeleton)),
  );
}

function isKeyOfAny(names: readonly NameKeys[]) {
  const folded = names.map((name) => name.folded);
  const skeletons = names.map((name) => name.skeleton);
  return or(
    and(eq(raceNameKeys.kind, 'folded'), inArray(raceNameKeys.key, folded)),
    and(eq(raceNameKeys.kind, 'skeleton'), inArray(raceNameKeys.key, skeletons)),
  );
}

function namesWithTheKey(db: Db) {
  return db
    .select({ raceNameId: raceNames.raceNameId })
    .from(raceNames)
    .where(
      or(
        and(eq(raceNameKeys.kind, 'folded'), eq(raceNames.folded, raceNameKeys.key)),
        and(eq(raceNameKeys.kind, 'skeleton'), eq(raceNames.skeleton, raceNameKeys.key)),
      ),
    );
}
