import { and, asc, eq, inArray, isNull, lte, sql } from 'drizzle-orm';
import { defaultLocale, unknownLocale } from '../../users/profile.ts';
import type { Database } from './database.ts';
import { mails, users } from './schema.ts';

export type StoredMail = {
  readonly mailId: string;
  readonly recipient: string;
  readonly locale: string;
  /** Sealed. */
  readonly content: Uint8Array<ArrayBuffer>;
  readonly expiresAt: Date;
};

/** Who requested a mail with a code. */
export type CodeRequester = {
  /** null when it is not known. */
  readonly clientNetwork: string | null;
  /** A device that has signed in to the account of this address. */
  readonly knownDevice: boolean;
};

export async function insertMails(tx: Database, rows: readonly StoredMail[]): Promise<void> {
  if (rows.length > 0) await tx.insert(mails).values([...rows]);
}

/** Its locale is known: that of the recipient's account, if none was given. */
export type DueMail = StoredMail & { readonly failures: number; readonly hasAccount: boolean };

/**
 * Claims up to `limit` mails that are due, those that expire first at the front. No other process gets them until
 * `claimMs` have passed; by then they are sent, or the process that claimed them has died.
 */
export async function claimDueMails(
  db: Database,
  { limit, claimMs }: { limit: number; claimMs: number },
): Promise<DueMail[]> {
  const due = db
    .select({ mailId: mails.mailId })
    .from(mails)
    .where(lte(mails.nextAttemptAt, sql`now()`))
    .orderBy(asc(mails.expiresAt), asc(mails.mailId))
    .limit(limit)
    .for('update', { skipLocked: true });
  const localeOfAccount = db
    .select({ locale: users.locale })
    .from(users)
    .where(and(eq(users.email, mails.recipient), isNull(users.deletedAt)));
  const locale = sql<string>`case when ${mails.locale} <> ${unknownLocale} then ${mails.locale}
    else coalesce(${localeOfAccount}, ${defaultLocale}) end`;
  const hasAccount = sql<boolean>`${localeOfAccount} is not null`;
  const { mailId, recipient, content, expiresAt, failures } = mails;
  return db
    .update(mails)
    .set({ nextAttemptAt: inMs(claimMs) })
    .where(inArray(mailId, due))
    .returning({ mailId, recipient, locale, content, expiresAt, failures, hasAccount });
}

export async function deleteMail(db: Database, mailId: string): Promise<void> {
  await db.delete(mails).where(eq(mails.mailId, mailId));
}

export async function retryMailLater(
  db: Database,
  { mailId, afterMs }: { mailId: string; afterMs: number },
): Promise<void> {
  await db
    .update(mails)
    .set({ failures: sql`${mails.failures} + 1`, nextAttemptAt: inMs(afterMs) })
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

export async function deleteMailsTo(tx: Database, recipient: string): Promise<void> {
  await tx.delete(mails).where(eq(mails.recipient, recipient));
}

function inMs(ms: number) {
  return sql`now() + ${ms} * interval '1 millisecond'`;
}
