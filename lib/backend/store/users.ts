import { and, eq, isNull } from 'drizzle-orm';
import { users } from '../../../drizzle/backend/schema.ts';
import { sqlState, uniqueViolation } from '../../postgres/transaction.ts';
import type { User } from '../domain/user.ts';
import type { Database } from './database.ts';

export async function findUser(db: Database, userId: string): Promise<User | undefined> {
  const [user] = await db.select().from(users).where(eq(users.userId, userId));
  return user;
}

/** Finds a user and makes others who would change them, or sign them in, wait until the transaction ends. */
export async function lockUser(tx: Database, userId: string): Promise<User | undefined> {
  const [user] = await tx.select().from(users).where(eq(users.userId, userId)).for('no key update');
  return user;
}

export async function markBlocked(tx: Database, userId: string, blockedAt: Date): Promise<void> {
  await tx.update(users).set({ blockedAt }).where(eq(users.userId, userId));
}

/** Finds the user who has not been deleted, and keeps them from being blocked until the transaction ends. */
export async function lockUserByEmail(tx: Database, email: string): Promise<User | undefined> {
  const [user] = await tx
    .select()
    .from(users)
    .where(and(eq(users.email, email), isNull(users.deletedAt)))
    .for('share');
  return user;
}

/** Does nothing when there is a user with this address already, perhaps one that was made a moment ago. */
export async function insertUserUnlessKnown(tx: Database, user: User): Promise<void> {
  await tx
    .insert(users)
    .values(user)
    .onConflictDoNothing({ target: users.email, where: isNull(users.deletedAt) });
}

export type ProfileChanges = {
  readonly [K in 'handle' | 'displayName' | 'locale' | 'timeZone']?: string | undefined;
};

/** Changes what is given; undefined when there is no such user, or they were deleted. */
export async function updateProfile(
  db: Database,
  userId: string,
  changes: ProfileChanges,
): Promise<User | 'handle_taken' | undefined> {
  try {
    const [user] = await db
      .update(users)
      .set(changes)
      .where(and(eq(users.userId, userId), isNull(users.deletedAt)))
      .returning();
    return user;
  } catch (error) {
    const state = sqlState(error);
    if (state?.code === uniqueViolation && state.constraint === 'users_handle_unique') return 'handle_taken';
    throw error;
  }
}
