// A row per user that is locked while something is granted to them. Before everything is taken from a user who is
// blocked or gone this row is marked, so that nothing granted at the same time is missed. Limits are counted under the
// lock.
import { eq, sql } from 'drizzle-orm';
import { Refusal } from '../../errors/table.ts';
import { type Given, statement } from '../../postgres/statement.ts';
import type { Tx } from './database.ts';
import { userGuards } from './schema.ts';

const lockGuard = statement('lock_user_guard', (tx: Tx, { userId }: Given<{ userId: string }>) =>
  tx
    .insert(userGuards)
    .values({ userId })
    // Changes nothing, but locks the row that is there already.
    .onConflictDoUpdate({ target: userGuards.userId, set: { goneAt: sql`${userGuards.goneAt}` } })
    .returning({ goneAt: userGuards.goneAt }),
);

/**
 * Locks a user's guard until the transaction ends. To be taken before the lock on a game and on race names.
 * @throws Refusal `subject_not_found` when nothing more may be granted to this user.
 */
export async function lockUserGuard(tx: Tx, userId: string): Promise<void> {
  const [guard] = await lockGuard(tx, { userId });
  if (guard?.goneAt) throw new Refusal('subject_not_found', 'There is no such user.');
}

export async function isUserGone(tx: Tx, userId: string): Promise<boolean> {
  const [guard] = await tx
    .select({ goneAt: userGuards.goneAt })
    .from(userGuards)
    .where(eq(userGuards.userId, userId));
  return guard !== undefined && guard.goneAt !== null;
}

/** Locks a user's guard until the transaction ends; after the commit nothing more is granted to this user. */
export async function markUserGone(tx: Tx, userId: string, at: Date): Promise<void> {
  await tx
    .insert(userGuards)
    .values({ userId, goneAt: at })
    .onConflictDoUpdate({
      target: userGuards.userId,
      set: { goneAt: sql`coalesce(${userGuards.goneAt}, excluded.gone_at)` },
    });
}
