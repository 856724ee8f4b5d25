import { and, desc, eq, isNull, like, lt, sql } from 'drizzle-orm';
import { type Given, statement } from '../../postgres/statement.ts';
import { sqlState, uniqueViolation } from '../../postgres/transaction.ts';
import { defaultLocale, defaultTimeZone } from '../../users/profile.ts';
import type { User } from '../domain/user.ts';
import type { Database } from './database.ts';
import { users } from './schema.ts';

export async function findUser(db: Database, userId: string): Promise<User | undefined> {
  const [user] = await db.select().from(users).where(eq(users.userId, userId));
  return user;
}

/** Finds and locks a user: other transactions that change the user or sign them in wait until this one ends. */
export async function lockUser(tx: Database, userId: string): Promise<User | undefined> {
  const [user] = await tx.select().from(users).where(eq(users.userId, userId)).for('no key update');
  return user;
}

/** Finds the user with a handle who has not been deleted. @param handle in lower case. */
export async function findUserByHandle(db: Database, handle: string): Promise<User | undefined> {
  const [user] = await db
    .select()
    .from(users)
    .where(and(eq(users.handle, handle), isNull(users.deletedAt)));
  return user;
}

export type Recipient = Pick<User, 'userId' | 'email' | 'locale'>;

const acting = (tx: Database, { userIds }: Given<{ userIds: readonly string[] }>) =>
  tx
    .select({ userId: users.userId, email: users.email, locale: users.locale })
    .from(users)
    .where(
      and(sql`${users.userId} = any(${userIds}::uuid[])`, isNull(users.blockedAt), isNull(users.deletedAt)),
    );
const findActing = statement('find_acting_users', acting);
const lockActing = statement(
  'lock_acting_users',
  (tx: Database, given: Given<{ userIds: readonly string[] }>) => acting(tx, given).for('share'),
);

/**
 * Finds the users of a list who are neither blocked nor deleted.
 * @param options.lock prevents both until the transaction ends.
 */
export async function findActingUsers(
  tx: Database,
  userIds: readonly string[],
  { lock }: { lock: boolean },
): Promise<Recipient[]> {
  return (lock ? lockActing : findActing)(tx, { userIds });
}

/**
 * Users whose address or handle has this prefix, newest first. @param page.before the id of the last one on the page
 * before.
 */
export async function listUsers(
  db: Database,
  page: {
    emailPrefix: string | undefined;
    handlePrefix: string | undefined;
    before: string | undefined;
    limit: number;
  },
): Promise<User[]> {
  return db
    .select()
    .from(users)
    .where(
      and(
        page.emailPrefix === undefined ? undefined : like(users.email, prefixPattern(page.emailPrefix)),
        page.handlePrefix === undefined ? undefined : like(users.handle, prefixPattern(page.handlePrefix)),
        page.before === undefined ? undefined : lt(users.userId, page.before),
      ),
    )
    .orderBy(desc(users.userId))
    .limit(page.limit);
}

const prefixPattern = (prefix: string) => `${prefix.replaceAll(/[\\%_]/g, '\\$&')}%`;

/** Erases all personal data of a user; the id remains. */
export async function eraseUser(
  tx: Database,
  userId: string,
  deletedAt: Date,
): Promise<(User & { readonly deletedAt: Date }) | undefined> {
  const [erased] = await tx
    .update(users)
    .set({
      email: '',
      handle: null,
      displayName: null,
      locale: defaultLocale,
      timeZone: defaultTimeZone,
      deletedAt,
    })
    .where(eq(users.userId, userId))
    .returning();
  return erased && { ...erased, deletedAt };
}

export async function markBlocked(tx: Database, userId: string, blockedAt: Date): Promise<void> {
  await tx.update(users).set({ blockedAt }).where(eq(users.userId, userId));
}

const lockByEmail = statement('lock_user_by_email', (tx: Database, { email }: Given<{ email: string }>) =>
  tx
    .select()
    .from(users)
    .where(and(eq(users.email, email), isNull(users.deletedAt)))
    .for('no key update'),
);

/** Finds the user who has not been deleted, and locks them as `lockUser` does. */
export async function lockUserByEmail(tx: Database, email: string): Promise<User | undefined> {
  const [user] = await lockByEmail(tx, { email });
  return user;
}

const insertUnlessKnown = statement('insert_user', (tx: Database, given: Given<User>) =>
  tx
    .insert(users)
    .values({
      userId: given.userId,
      email: given.email,
      handle: given.handle,
      displayName: given.displayName,
      locale: given.locale,
      timeZone: given.timeZone,
      blockedAt: given.blockedAt,
      deletedAt: given.deletedAt,
      createdAt: given.createdAt,
    })
    .onConflictDoNothing({ target: users.email, where: isNull(users.deletedAt) }),
);

/** Does nothing when there is a user with this address already; a concurrent transaction may have created it. */
export async function insertUserUnlessKnown(tx: Database, user: User): Promise<void> {
  await insertUnlessKnown(tx, user);
}

/** @throws unique violation of `users_email_unique` when a concurrent transaction has given it to another user. */
export async function changeEmail(tx: Database, userId: string, email: string): Promise<void> {
  await tx.update(users).set({ email }).where(eq(users.userId, userId));
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
