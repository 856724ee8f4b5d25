import { eq } from 'drizzle-orm';
import { type Given, statement } from '../../postgres/statement.ts';
import type { EntitlementOverrides } from '../domain/eligibility.ts';
import type { User } from '../domain/user.ts';
import type { Database } from './database.ts';
import { entitlements, users } from './schema.ts';

const findWithEntitlements = statement(
  'find_user_with_entitlements',
  (db: Database, given: Given<{ userId: string }>) =>
    db
      .select({ user: users, overrides: entitlements })
      .from(users)
      .leftJoin(entitlements, eq(entitlements.userId, users.userId))
      .where(eq(users.userId, given.userId)),
);

/** A user with their entitlements, read in one statement. */
export async function findUserWithEntitlements(
  db: Database,
  userId: string,
): Promise<{ user: User; overrides: EntitlementOverrides | undefined } | undefined> {
  const [row] = await findWithEntitlements(db, { userId });
  return row && { user: row.user, overrides: row.overrides ?? undefined };
}

/** Takes no lock: a transaction that changes them must hold the user's lock. */
export async function findEntitlements(
  tx: Database,
  userId: string,
): Promise<EntitlementOverrides | undefined> {
  const [found] = await tx.select().from(entitlements).where(eq(entitlements.userId, userId));
  return found;
}

export async function saveEntitlements(
  tx: Database,
  userId: string,
  overrides: EntitlementOverrides,
): Promise<void> {
  await tx
    .insert(entitlements)
    .values({ userId, ...overrides })
    .onConflictDoUpdate({ target: entitlements.userId, set: { ...overrides } });
}

export async function deleteEntitlements(tx: Database, userId: string): Promise<void> {
  await tx.delete(entitlements).where(eq(entitlements.userId, userId));
}
