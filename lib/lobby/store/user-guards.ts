// A row per user to hold on to while something is granted to them. Whoever takes everything from a user who is blocked
// or gone marks this row first; so nothing granted at the same time is overlooked, and limits are counted in peace.
import { sql } from 'drizzle-orm';
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
 * @throws Refusal `subject_not_found` when nothing may be granted to this user any more.
 */
export async function lockUserGuard(tx: Tx, userId: string): Promise<void> {
  const [guard] = await lockGuard(tx, { userId });
  if (guard?.goneAt) throw new Refusal('subject_not_found', 'There is no such user.');
}

/** Locks a user's guard until the transaction ends; from its commit on nothing is granted to this user any more. */
export async function markUserGone(tx: Tx, userId: string, at: Date): Promise<void> {
  await tx
    .insert(userGuards)
    .values({ userId, goneAt: at })
    .onConflictDoUpdate({
      target: userGuards.userId,
      set: { goneAt: sql`coalesce(${userGuards.goneAt}, excluded.gone_at)` },
    });
}
