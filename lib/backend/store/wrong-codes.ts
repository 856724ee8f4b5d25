import { and, desc, eq, gt, inArray, lt, type SQL, sql } from 'drizzle-orm';
import { type Given, statement } from '../../postgres/statement.ts';
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

type NewerThan = { after: Date; newer: number };

const nthLatest = (tx: Database, isOne: SQL, { after }: Given<NewerThan>) =>
  tx
    .select({ at: wrongCodes.createdAt })
    .from(wrongCodes)
    .where(and(isOne, gt(wrongCodes.createdAt, after)))
    .orderBy(desc(wrongCodes.createdAt))
    .offset(sql.placeholder('newer' satisfies keyof NewerThan))
    .limit(1);
const nthOfAddress = statement(
  'nth_latest_wrong_code_of_address',
  (tx: Database, given: Given<NewerThan & { email: string }>) =>
    nthLatest(tx, eq(wrongCodes.email, given.email), given),
);
const nthOfNetwork = statement(
  'nth_latest_wrong_code_of_network',
  (tx: Database, given: Given<NewerThan & { clientNetwork: string }>) =>
    nthLatest(tx, eq(wrongCodes.clientNetwork, given.clientNetwork), given),
);

/** When the `nth` latest wrong code was entered for an address, or from a network; undefined when there were fewer. */
export async function nthLatestWrongCode(
  tx: Database,
  of: { email: string } | { clientNetwork: string },
  { nth, after }: { nth: number; after: Date },
): Promise<Date | undefined> {
  const values = { after, newer: nth - 1 };
  const [found] =
    'email' in of
      ? await nthOfAddress(tx, { ...values, ...of })
      : await nthOfNetwork(tx, { ...values, ...of });
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

type Old = { before: Date; limit: number };

// Planned each time: a plan for few rows would be a bad one after a flood.
const deleteOld = statement(undefined, (tx: Database, given: Given<Old>) => {
  const oldest = tx
    .select({ wrongCodeId: wrongCodes.wrongCodeId })
    .from(wrongCodes)
    .where(lt(wrongCodes.createdAt, given.before))
    .orderBy(wrongCodes.createdAt)
    .limit(sql.placeholder('limit'))
    .for('update', { skipLocked: true });
  return tx.delete(wrongCodes).where(inArray(wrongCodes.wrongCodeId, oldest));
});

/** Deletes up to `limit` of the oldest; those that another transaction holds are left for later. */
export async function deleteOldWrongCodes(tx: Database, old: Old): Promise<void> {
  await deleteOld(tx, old);
}
