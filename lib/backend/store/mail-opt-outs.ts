import { and, asc, eq, inArray } from 'drizzle-orm';
import type { MailableType } from '../../protocol/notification-intents.ts';
import type { Database } from './database.ts';
import { mailOptOuts } from './schema.ts';

/** The kinds of mails that a user does not want, in the order of their names. */
export async function listMailOptOuts(db: Database, userId: string): Promise<string[]> {
  const rows = await db
    .select({ kind: mailOptOuts.kind })
    .from(mailOptOuts)
    .where(eq(mailOptOuts.userId, userId))
    .orderBy(asc(mailOptOuts.kind));
  return rows.map(({ kind }) => kind);
}

/** Of these users, those who do not want mails of this kind. */
export async function findOptedOut(
  tx: Database,
  userIds: readonly string[],
  kind: MailableType,
): Promise<ReadonlySet<string>> {
  const rows = await tx
    .select({ userId: mailOptOuts.userId })
    .from(mailOptOuts)
    .where(and(inArray(mailOptOuts.userId, [...userIds]), eq(mailOptOuts.kind, kind)));
  return new Set(rows.map(({ userId }) => userId));
}

/** Adds a kind. Changes nothing when the user has it already. */
export async function addMailOptOut(
  tx: Database,
  optOut: { userId: string; kind: MailableType; createdAt: Date },
): Promise<void> {
  await tx.insert(mailOptOuts).values(optOut).onConflictDoNothing();
}

/** Replaces all kinds of a user. */
export async function replaceMailOptOuts(
  tx: Database,
  { userId, kinds, createdAt }: { userId: string; kinds: readonly MailableType[]; createdAt: Date },
): Promise<void> {
  await deleteMailOptOuts(tx, userId);
  if (kinds.length > 0)
    await tx.insert(mailOptOuts).values(kinds.map((kind) => ({ userId, kind, createdAt })));
}

export async function deleteMailOptOuts(tx: Database, userId: string): Promise<void> {
  await tx.delete(mailOptOuts).where(eq(mailOptOuts.userId, userId));
}
