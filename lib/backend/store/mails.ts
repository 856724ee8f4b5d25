import { and, asc, eq, inArray, isNull, lte, sql } from 'drizzle-orm';
import { unionAll } from 'drizzle-orm/pg-core';
import { inTransaction } from '../../postgres/transaction.ts';
import { defaultLocale, unknownLocale } from '../../users/profile.ts';
import {
  type BudgetUse,
  type CodeBudget,
  chooseMails,
  type MailQueue,
  type Places,
  tokensLeft,
  useBudget,
} from '../domain/mail-queues.ts';
import type { Database } from './database.ts';
import { mailBudgets, mails, users } from './schema.ts';

export type StoredMail = {
  readonly mailId: string;
  readonly recipient: string;
  readonly locale: string;
  /** Sealed. */
  readonly content: Uint8Array<ArrayBuffer>;
  readonly expiresAt: Date;
  readonly codeFor?: CodeRequester;
  /** How many notices it stands for; one unless given. */
  readonly notices?: number;
};

/** Who requested a mail with a code. */
export type CodeRequester = {
  /** null when it is not known. */
  readonly clientNetwork: string | null;
  /** A device that has signed in to the account of this address. */
  readonly knownDevice: boolean;
};

/** In front of all that others request. */
const rankOfKnownDevices = -1;

/** The rank of a code counts the others of its network, so the transaction must hold the network's lock. */
export async function insertMails(tx: Database, rows: readonly StoredMail[]): Promise<void> {
  if (rows.length === 0) return;
  const values = rows.map(({ codeFor, ...row }) => {
    if (codeFor === undefined) return { ...row, queue: 'notices' as const };
    const clientNetwork = codeFor.clientNetwork ?? '';
    const waiting = tx.$count(mails, eq(mails.clientNetwork, clientNetwork));
    return {
      ...row,
      clientNetwork,
      rank: codeFor.knownDevice ? rankOfKnownDevices : sql<number>`${waiting}`,
    };
  });
  await tx.insert(mails).values(values);
}

/** Its locale is known: that of the recipient's account, if none was given. */
export type DueMail = Omit<StoredMail, 'codeFor'> & {
  readonly notices: number;
  readonly failures: number;
  /** Whether the recipient has an account. */
  readonly hasAccount: boolean;
};

type Claim = { readonly places: Places; readonly budget: CodeBudget; readonly claimMs: number };

/**
 * Claims mails that are due and may be sent now (domain/mail-queues.ts). No other process gets them until `claimMs` have
 * passed; by then they are sent, or the process that claimed them has died. Processes claim one after the other, so
 * that together they stay within the budget.
 */
export async function claimDueMails(db: Database, { places, budget, claimMs }: Claim): Promise<DueMail[]> {
  return inTransaction(db, async (tx) => {
    const use = await lockBudget(tx);
    await sortCodes(tx);
    const { free } = places;
    const waiting = await unionAll(
      waitingIn(tx, 'account_codes', free),
      waitingIn(tx, 'other_codes', free),
      waitingIn(tx, 'notices', free),
    );
    const chosen = chooseMails(waiting, places, tokensLeft(budget, use));
    if (chosen.length === 0) return [];
    await tx.update(mailBudgets).set(useBudget(budget, use, chosen));
    return claim(
      tx,
      chosen.map(({ mailId }) => mailId),
      claimMs,
    );
  });
}

async function lockBudget(tx: Database): Promise<BudgetUse> {
  // After the lock was granted, not before, PostgreSQL reads its clock.
  const { codesFullAtMs, otherCodesFullAtMs } = mailBudgets;
  const lock = () => tx.select({ codesFullAtMs, otherCodesFullAtMs }).from(mailBudgets).for('update');
  let [row] = await lock();
  if (row === undefined) {
    await tx.insert(mailBudgets).values({}).onConflictDoNothing();
    [row] = await lock();
  }
  const [clock] = await tx
    .select({ nowMs: sql<number>`(extract(epoch from clock_timestamp()) * 1000)::float8` })
    .from(sql`(select 1) as one`);
  if (row === undefined || clock === undefined) throw new TypeError('the budget of mails has one row');
  return { ...row, ...clock };
}

/** Bounds what one claim does; the fairest order among the rest is that of their ranks. */
const sortedAtOnce = 250;

/** Finds out which codes go to an account. Here, since the requests themselves must not depend on accounts. */
async function sortCodes(tx: Database): Promise<void> {
  const unsorted = tx
    .select({ mailId: mails.mailId })
    .from(mails)
    .where(eq(mails.queue, 'unsorted'))
    .orderBy(asc(mails.rank), asc(mails.expiresAt), asc(mails.mailId))
    .limit(sortedAtOnce);
  const account = tx
    .select({ one: sql`1` })
    .from(users)
    .where(and(eq(users.email, mails.recipient), isNull(users.deletedAt)));
  await tx
    .update(mails)
    .set({ queue: sql`case when exists ${account} then 'account_codes' else 'other_codes' end` })
    .where(inArray(mails.mailId, unsorted));
}

/** The first ones of a queue that are due. */
function waitingIn(tx: Database, queue: MailQueue, limit: number) {
  return tx
    .select({
      mailId: mails.mailId,
      queue: sql<MailQueue>`${mails.queue}`,
      rank: mails.rank,
      expiresAt: mails.expiresAt,
    })
    .from(mails)
    .where(and(eq(mails.queue, queue), lte(mails.nextAttemptAt, sql`clock_timestamp()`)))
    .orderBy(asc(mails.rank), asc(mails.expiresAt), asc(mails.mailId))
    .limit(limit);
}

async function claim(tx: Database, mailIds: string[], claimMs: number): Promise<DueMail[]> {
  const localeOfAccount = tx
    .select({ locale: users.locale })
    .from(users)
    .where(and(eq(users.email, mails.recipient), isNull(users.deletedAt)));
  const locale = sql<string>`case when ${mails.locale} <> ${unknownLocale} then ${mails.locale}
    else coalesce(${localeOfAccount}, ${defaultLocale}) end`;
  const hasAccount = sql<boolean>`${localeOfAccount} is not null`;
  const { mailId, recipient, content, expiresAt, notices, failures } = mails;
  return tx
    .update(mails)
    .set({ nextAttemptAt: inMs(claimMs) })
    .where(inArray(mailId, mailIds))
    .returning({ mailId, recipient, locale, content, expiresAt, notices, failures, hasAccount });
}

export async function deleteMail(db: Database, mailId: string): Promise<void> {
  await db.delete(mails).where(eq(mails.mailId, mailId));
}

/** Deletes up to `limit` mails that must not be sent any more and that no process is sending. */
export async function deleteExpiredMails(
  db: Database,
  { now, limit }: { now: Date; limit: number },
): Promise<Pick<DueMail, 'mailId' | 'failures'>[]> {
  const expired = db
    .select({ mailId: mails.mailId })
    .from(mails)
    .where(and(lte(mails.expiresAt, now), lte(mails.nextAttemptAt, sql`now()`)))
    .orderBy(asc(mails.expiresAt), asc(mails.mailId))
    .limit(limit)
    .for('update', { skipLocked: true });
  return db
    .delete(mails)
    .where(inArray(mails.mailId, expired))
    .returning({ mailId: mails.mailId, failures: mails.failures });
}

/** It waits behind those of the same rank that have not failed as often. */
export async function retryMailLater(
  db: Database,
  { mailId, afterMs }: { mailId: string; afterMs: number },
): Promise<void> {
  await db
    .update(mails)
    .set({
      failures: sql`${mails.failures} + 1`,
      rank: sql`${mails.rank} + 1`,
      nextAttemptAt: inMs(afterMs),
    })
    .where(eq(mails.mailId, mailId));
}

/** How long the oldest mail has waited, in milliseconds; 0 when none waits. */
export async function oldestWaitingMailMs(db: Database): Promise<number> {
  const [row] = await db
    .select({
      ms: sql<number>`(extract(epoch from clock_timestamp() - min(${mails.createdAt})) * 1000)::float8`,
    })
    .from(mails);
  return Math.max(0, row?.ms ?? 0);
}

export async function deleteMails(tx: Database, mailIds: readonly string[]): Promise<void> {
  await tx.delete(mails).where(inArray(mails.mailId, [...mailIds]));
}

export async function deleteMailsTo(tx: Database, recipient: string): Promise<void> {
  await tx.delete(mails).where(eq(mails.recipient, recipient));
}

/** That long from now, by PostgreSQL's clock. */
export function inMs(ms: number) {
  return sql`now() + ${ms} * interval '1 millisecond'`;
}
