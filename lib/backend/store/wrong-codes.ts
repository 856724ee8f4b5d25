import { and, desc, eq, gt, inArray, lt } from 'drizzle-orm';
import type { Database } from './database.ts';
import { wrongCodes } from './schema.ts';

export type WrongCode = {
  readonly wrongCodeId: string;
  readonly email: string;
  readonly clientNetwork: string | null;
  readonly createdAt: Date;
};

export async function insertWrongCode(tx: Database, wrongCode: WrongCode): Promise<void> {
  await tx.insert(wrongCodes).values(wrongCode);
}

/** When the `nth` latest wrong code was entered for an address, or from a network; undefined when there were fewer. */
export async function nthLatestWrongCode(
  tx: Database,
  of: { email: string } | { clientNetwork: string },
  { nth, after }: { nth: number; after: Date },
): Promise<Date | undefined> {
  const isOne =
    'email' in of ? eq(wrongCodes.email, of.email) : eq(wrongCodes.clientNetwork, of.clientNetwork);
  const [found] = await tx
    .select({ at: wrongCodes.createdAt })
    .from(wrongCodes)
    .where(and(isOne, gt(wrongCodes.createdAt, after)))
    .orderBy(desc(wrongCodes.createdAt))
    .offset(nth - 1)
    .limit(1);
  return found?.at;
}

/** Whether a mail about wrong codes was written for an address. */
export async function wasOwnerNotified(
  tx: Database,
  { email, after }: { email: string; after: Date },
): Promise<boolean> {
  const notified = await tx
    .select({ wrongCodeId: wrongCodes.wrongCodeId })
    .from(wrongCodes)
    .where(and(eq(wrongCodes.email, email), gt(wrongCodes.createdAt, after), wrongCodes.ownerNotified))
    .limit(1);
  return notified.length > 0;
}

export async function markOwnerNotified(tx: Database, wrongCodeId: string): Promise<void> {
  await tx.update(wrongCodes).set({ ownerNotified: true }).where(eq(wrongCodes.wrongCodeId, wrongCodeId));
}

export async function deleteWrongCodesOf(tx: Database, email: string): Promise<void> {
  await tx.delete(wrongCodes).where(eq(wrongCodes.email, email));
}

/** Deletes up to `limit` of the oldest; those that another transaction holds are left for later. */
export async function deleteOldWrongCodes(tx: Database, old: { before: Date; limit: number }): Promise<void> {
  const oldest = tx
    .select({ wrongCodeId: wrongCodes.wrongCodeId })
    .from(wrongCodes)
    .where(lt(wrongCodes.createdAt, old.before))
    .orderBy(wrongCodes.createdAt)
    .limit(old.limit)
    .for('update', { skipLocked: true });
  await tx.delete(wrongCodes).where(inArray(wrongCodes.wrongCodeId, oldest));
}
