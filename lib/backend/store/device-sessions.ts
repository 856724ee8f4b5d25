import { and, desc, eq, isNull, lt, sql } from 'drizzle-orm';
import { deviceSessions, users } from '../../../drizzle/backend/schema.ts';
import type { DeviceSession } from '../domain/user.ts';
import type { Database } from './database.ts';

export async function insertDeviceSession(tx: Database, session: DeviceSession): Promise<void> {
  await tx.insert(deviceSessions).values(session);
}

/** One statement on two primary keys: the session, revoked also when its user is blocked or deleted. */
export async function findDeviceSession(
  db: Database,
  deviceSessionId: string,
): Promise<DeviceSession | undefined> {
  const [row] = await db
    .select({ session: deviceSessions, blockedAt: users.blockedAt, deletedAt: users.deletedAt })
    .from(deviceSessions)
    .innerJoin(users, eq(users.userId, deviceSessions.userId))
    .where(eq(deviceSessions.deviceSessionId, deviceSessionId));
  if (row === undefined) return undefined;
  return { ...row.session, revokedAt: row.session.revokedAt ?? row.blockedAt ?? row.deletedAt };
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

/** Revokes one of a user's sessions; one that was revoked before keeps its time. */
export async function revokeDeviceSession(
  db: Database,
  revocation: { userId: string; deviceSessionId: string; at: Date },
): Promise<DeviceSession | undefined> {
  const [session] = await db
    .update(deviceSessions)
    .set({ revokedAt: sql`coalesce(${deviceSessions.revokedAt}, ${revocation.at.toISOString()})` })
    .where(
      and(
        eq(deviceSessions.deviceSessionId, revocation.deviceSessionId),
        eq(deviceSessions.userId, revocation.userId),
      ),
    )
    .returning();
  return session;
}

/** @returns the ids of the sessions that were active until now. */
export async function revokeAllDeviceSessions(
  db: Database,
  revocation: { userId: string; at: Date },
): Promise<string[]> {
  const revoked = await db
    .update(deviceSessions)
    .set({ revokedAt: revocation.at })
    .where(and(eq(deviceSessions.userId, revocation.userId), isNull(deviceSessions.revokedAt)))
    .returning({ deviceSessionId: deviceSessions.deviceSessionId });
  return revoked.map((session) => session.deviceSessionId);
}
