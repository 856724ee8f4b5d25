import { and, desc, eq, getTableColumns, gt, isNull, lt, lte, ne, or, sql } from 'drizzle-orm';
import { type Given, statement } from '../../postgres/statement.ts';
import type { DeviceSession } from '../domain/user.ts';
import type { Database } from './database.ts';
import { deviceSessions, users } from './schema.ts';

const insert = statement('insert_device_session', (tx: Database, given: Given<DeviceSession>) =>
  tx.insert(deviceSessions).values({
    deviceSessionId: given.deviceSessionId,
    userId: given.userId,
    clientPublicKey: given.clientPublicKey,
    deviceName: given.deviceName,
    network: given.network,
    createdAt: given.createdAt,
    lastUsedAt: given.lastUsedAt,
    revokedAt: given.revokedAt,
  }),
);

export async function insertDeviceSession(tx: Database, session: DeviceSession): Promise<void> {
  await insert(tx, session);
}

const find = statement('find_device_session', (db: Database, { id }: Given<{ id: string }>) =>
  db
    .select({ ...getTableColumns(deviceSessions), blockedAt: users.blockedAt, deletedAt: users.deletedAt })
    .from(deviceSessions)
    .innerJoin(users, eq(users.userId, deviceSessions.userId))
    .where(eq(deviceSessions.deviceSessionId, id)),
);

/** A session, revoked also when its user is blocked or deleted: one statement on two primary keys, for every command. */
export async function findDeviceSession(
  db: Database,
  deviceSessionId: string,
): Promise<DeviceSession | undefined> {
  const [found] = await find(db, { id: deviceSessionId });
  if (found === undefined) return undefined;
  const { blockedAt, deletedAt, ...session } = found;
  return { ...session, revokedAt: session.revokedAt ?? blockedAt ?? deletedAt };
}

/** The key of an active session, if its account has this address. */
export async function findKeyOfDevice(
  db: Database,
  { deviceSessionId, email }: { deviceSessionId: string; email: string },
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const [found] = await db
    .select({ key: deviceSessions.clientPublicKey })
    .from(deviceSessions)
    .innerJoin(users, eq(users.userId, deviceSessions.userId))
    .where(
      and(
        eq(deviceSessions.deviceSessionId, deviceSessionId),
        eq(users.email, email),
        isNull(deviceSessions.revokedAt),
        isNull(users.blockedAt),
        isNull(users.deletedAt),
      ),
    );
  return found?.key;
}

/** A user's sessions, newest first. @param before the id of the last one on the page before. */
export async function listDeviceSessions(
  db: Database,
  page: { userId: string; before: string | undefined; limit: number },
): Promise<DeviceSession[]> {
  return db
    .select()
    .from(deviceSessions)
    .where(
      and(
        eq(deviceSessions.userId, page.userId),
        page.before === undefined ? undefined : lt(deviceSessions.deviceSessionId, page.before),
      ),
    )
    .orderBy(desc(deviceSessions.deviceSessionId))
    .limit(page.limit);
}

/**
 * Revokes those that are active: one of a user's sessions, or all of them, or all but one.
 * @returns their ids; sessions that were revoked before are not changed and not among them.
 */
export async function revokeActiveSessions(
  tx: Database,
  revocation: { userId: string; deviceSessionId?: string; keptSessionId?: string | undefined; at: Date },
): Promise<string[]> {
  const { userId, deviceSessionId, keptSessionId, at } = revocation;
  const revoked = await tx
    .update(deviceSessions)
    .set({ revokedAt: at })
    .where(
      and(
        isActiveOf(userId),
        deviceSessionId === undefined ? undefined : eq(deviceSessions.deviceSessionId, deviceSessionId),
        keptSessionId === undefined ? undefined : ne(deviceSessions.deviceSessionId, keptSessionId),
      ),
    )
    .returning({ deviceSessionId: deviceSessions.deviceSessionId });
  return revoked.map((session) => session.deviceSessionId);
}

/** How many sessions `revokeActiveSessions` would revoke of a user. */
export async function countActiveSessions(db: Database, userId: string): Promise<number> {
  return db.$count(deviceSessions, isActiveOf(userId));
}

function isActiveOf(userId: string) {
  return and(eq(deviceSessions.userId, userId), isNull(deviceSessions.revokedAt));
}

/** Records a use, unless another process has recorded one since `notSince`, or the session has ended. */
export async function recordUse(
  db: Database,
  { deviceSessionId, at, notSince }: { deviceSessionId: string; at: Date; notSince: Date },
): Promise<void> {
  await db
    .update(deviceSessions)
    .set({ lastUsedAt: at })
    .where(
      and(
        eq(deviceSessions.deviceSessionId, deviceSessionId),
        isNull(deviceSessions.revokedAt),
        or(isNull(deviceSessions.lastUsedAt), lte(deviceSessions.lastUsedAt, notSince)),
      ),
    );
}

/** How many users have used a session since then; of more than `limit` sessions only so many count. */
export async function countUsersSince(
  db: Database,
  { since, limit }: { since: Date; limit: number },
): Promise<{ users: number; sessions: number }> {
  const used = db
    .select({ userId: deviceSessions.userId })
    .from(deviceSessions)
    .where(and(isNull(deviceSessions.revokedAt), gt(deviceSessions.lastUsedAt, since)))
    .limit(limit)
    .as('used');
  const [counted] = await db
    .select({
      users: sql<number>`count(distinct ${used.userId})::int`,
      sessions: sql<number>`count(*)::int`,
    })
    .from(used);
  return counted ?? { users: 0, sessions: 0 };
}

/** Erases what says where a user's devices are and what they are called. */
export async function eraseDevices(tx: Database, userId: string): Promise<void> {
  await tx
    .update(deviceSessions)
    .set({ deviceName: null, network: null })
    .where(eq(deviceSessions.userId, userId));
}
