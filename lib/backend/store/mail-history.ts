// What became of mails, and those that wait, as operators see them.
import { type AnyColumn, and, asc, desc, eq, inArray, lt, sql } from 'drizzle-orm';
import { unionAll } from 'drizzle-orm/pg-core';
import type { Database } from './database.ts';
import { type MailOutcome, sealedKind } from './mails.ts';
import { mailHistory, mails } from './schema.ts';

export type MailOfUser = {
  readonly mailId: string;
  readonly kind: string;
  readonly state: 'waiting' | MailOutcome;
  readonly failures: number;
  readonly writtenAt: Date;
  readonly endedAt: Date | null;
};

/**
 * Mails to a user, the newest first: those that wait for the address, and what became of others.
 * @param page.before of the last one on the page before.
 */
export async function listMailsOfUser(
  db: Database,
  { userId, email }: { readonly userId: string; readonly email: string },
  page: { readonly before: { readonly at: Date; readonly id: string } | undefined; readonly limit: number },
): Promise<MailOfUser[]> {
  const waiting = db
    .select({
      mailId: sql<string>`${mails.mailId}`.as('mail_id'),
      kind: sealedKind.as('kind'),
      state: sql<MailOfUser['state']>`'waiting'`.as('state'),
      failures: sql<number>`${mails.failures}`.as('failures'),
      writtenAt: sql<Date>`${mails.createdAt}`.as('written_at'),
      endedAt: sql<Date | null>`null::timestamptz`.as('ended_at'),
    })
    .from(mails)
    .where(and(eq(mails.recipient, email), isBefore(mails.createdAt, mails.mailId, page.before)));
  const { writtenAt, endedAt } = mailHistory;
  const ended = db
    .select({
      mailId: sql<string>`${mailHistory.mailId}`.as('mail_id'),
      kind: sql<string>`${mailHistory.kind}`.as('kind'),
      state: sql<MailOfUser['state']>`${mailHistory.outcome}`.as('state'),
      failures: sql<number>`${mailHistory.failures}`.as('failures'),
      writtenAt: sql<Date>`${writtenAt}`.as('written_at'),
      endedAt: sql<Date | null>`${endedAt}`.as('ended_at'),
    })
    .from(mailHistory)
    .where(and(eq(mailHistory.userId, userId), isBefore(writtenAt, mailHistory.mailId, page.before)))
    .orderBy(desc(writtenAt), desc(mailHistory.mailId))
    .limit(page.limit);
  const both = unionAll(waiting, ended).as('both');
  return db
    .select({
      mailId: both.mailId,
      kind: both.kind,
      state: both.state,
      failures: both.failures,
      writtenAt: sql<Date>`${both.writtenAt}`.mapWith(writtenAt),
      endedAt: sql<Date | null>`${both.endedAt}`.mapWith(endedAt),
    })
    .from(both)
    .orderBy(desc(both.writtenAt), desc(both.mailId))
    .limit(page.limit);
}

function isBefore(at: AnyColumn, id: AnyColumn, position: { at: Date; id: string } | undefined) {
  return position && sql`(${at}, ${id}) < (${position.at.toISOString()}::timestamptz, ${position.id}::uuid)`;
}

/** Deletes up to `limit` of what became of mails before a time. @returns how many. */
export async function deleteOldMailHistory(
  db: Database,
  old: { before: Date; limit: number },
): Promise<number> {
  const oldest = db
    .select({ row: sql`ctid` })
    .from(mailHistory)
    .where(lt(mailHistory.endedAt, old.before))
    .orderBy(asc(mailHistory.endedAt))
    .limit(old.limit)
    .for('update', { skipLocked: true });
  const deleted = await db
    .delete(mailHistory)
    .where(inArray(sql`ctid`, oldest))
    .returning({ mailId: mailHistory.mailId });
  return deleted.length;
}

export async function deleteMailHistory(tx: Database, userId: string): Promise<void> {
  await tx.delete(mailHistory).where(eq(mailHistory.userId, userId));
}
