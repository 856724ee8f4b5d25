// Coalescing of notices: a user is mailed once about a kind of notice and a game, and what follows is counted until the
// window ends. Then the number is mailed, and the next window begins; one without a number ends with that.
//
// An intent is counted in the transaction that records it as handled, so once. Every change of a window is made under
// the lock of its row, and after that of its user: a deletion of the user takes the windows with it.
import { and, asc, eq, exists, inArray, lte, notExists, sql } from 'drizzle-orm';
import { statement } from '../../postgres/statement.ts';
import type { Database } from './database.ts';
import { inMs, insertMails, type StoredMail } from './mails.ts';
import { mailOptOuts, mails, mailWindows } from './schema.ts';
import { findActingUsers } from './users.ts';

export type WindowKey = {
  readonly userId: string;
  /** A type of notification. */
  readonly kind: string;
  readonly gameId: string;
};

export type Notice = StoredMail & WindowKey & { readonly windowMs: number };

/**
 * Counts notices of windows that go on; begins windows for the others, which are to be mailed now. The transaction must
 * hold the locks of the users. @returns the ids of the mails that are not to be written, as their notices were counted.
 */
export async function countNotices(tx: Database, notices: readonly Notice[]): Promise<ReadonlySet<string>> {
  if (notices.length === 0) return new Set();
  const { userId, kind, gameId, counted, lastMailId, endsAt } = mailWindows;
  const ended = and(isDue(tx), eq(counted, 0));
  const rows = await tx
    .insert(mailWindows)
    .values(
      notices.map(({ windowMs, mailId, content, expiresAt, ...key }) => ({
        userId: key.userId,
        kind: key.kind,
        gameId: key.gameId,
        endsAt: inMs(windowMs),
        lastMailId: mailId,
        mailId,
        content,
        expiresAt,
      })),
    )
    .onConflictDoUpdate({
      target: [userId, kind, gameId],
      set: {
        endsAt: sql`case when ${ended} then excluded.ends_at else ${endsAt} end`,
        lastMailId: sql`case when ${ended} then excluded.last_mail_id else ${lastMailId} end`,
        counted: sql`${counted} + case when ${ended} then 0 else 1 end`,
        mailId: sql`excluded.mail_id`,
        content: sql`excluded.content`,
        expiresAt: sql`greatest(${mailWindows.expiresAt}, excluded.expires_at)`,
      },
    })
    .returning({ mailId: mailWindows.mailId, counted });
  return new Set(rows.filter((row) => row.counted > 0).map(({ mailId }) => mailId));
}

/** The window is over, and its last mail is no longer waiting. */
function isDue(tx: Database) {
  const lastMail = tx.select({ one: sql`1` }).from(mails).where(eq(mails.mailId, mailWindows.lastMailId));
  return and(lte(mailWindows.endsAt, sql`now()`), notExists(lastMail));
}

/** Whether `endMailWindows` would find any: usually it would not, and needs a transaction. */
export async function isMailWindowOver(db: Database): Promise<boolean> {
  return (await findOver(db, {})).length > 0;
}

const findOver = statement('find_mail_window_over', (db: Database) =>
  db
    .select({ userId: mailWindows.userId })
    .from(mailWindows)
    .where(isDue(db))
    .orderBy(asc(mailWindows.endsAt))
    .limit(1),
);

/**
 * Writes the mails of up to `limit` windows that are over, to the address and in the language that the user has now, and
 * deletes the windows that counted nothing, or whose user is to get no mail any more. Skips what another process is at.
 * @returns how many windows were over.
 */
export async function endMailWindows(
  tx: Database,
  { windowMs, limit }: { windowMs: number; limit: number },
): Promise<number> {
  const { userId, endsAt } = mailWindows;
  const seen = await tx
    .select({ userId })
    .from(mailWindows)
    .where(isDue(tx))
    .orderBy(asc(endsAt))
    .limit(limit);
  if (seen.length === 0) return 0;
  const userIds = [...new Set(seen.map((window) => window.userId))];
  const acting = await findActingUsers(tx, userIds, { lock: true });
  const recipients = new Map(acting.map((user) => [user.userId, user]));
  const windows = await lockDueWindows(tx, userIds, limit);
  const written: StoredMail[] = [];
  const continued: WindowKey[] = [];
  for (const { counted, isUnwanted, mailId, content, expiresAt, ...key } of windows) {
    const recipient = recipients.get(key.userId);
    if (counted === 0 || isUnwanted || recipient === undefined) continue;
    const { email, locale } = recipient;
    written.push({ mailId, recipient: email, locale, content, expiresAt, notices: counted });
    continued.push(key);
  }
  await insertMails(tx, written);
  await continueWindows(tx, continued, windowMs);
  await deleteWindows(
    tx,
    windows.filter((window) => !written.some(({ mailId }) => mailId === window.mailId)),
  );
  return windows.length;
}

async function lockDueWindows(tx: Database, userIds: readonly string[], limit: number) {
  const { userId, kind, gameId, counted, mailId, content, expiresAt, endsAt } = mailWindows;
  const optOut = tx
    .select({ one: sql`1` })
    .from(mailOptOuts)
    .where(and(eq(mailOptOuts.userId, userId), eq(mailOptOuts.kind, kind)));
  const isUnwanted = sql<boolean>`${exists(optOut)}`;
  return tx
    .select({ userId, kind, gameId, counted, mailId, content, expiresAt, isUnwanted })
    .from(mailWindows)
    .where(and(inArray(userId, [...userIds]), isDue(tx)))
    .orderBy(asc(endsAt))
    .limit(limit)
    .for('update', { skipLocked: true });
}

/** Their numbers are mailed; counting begins again. */
async function continueWindows(tx: Database, keys: readonly WindowKey[], windowMs: number): Promise<void> {
  if (keys.length === 0) return;
  await tx
    .update(mailWindows)
    .set({ endsAt: inMs(windowMs), lastMailId: mailWindows.mailId, counted: 0 })
    .where(isOneOf(keys));
}

async function deleteWindows(tx: Database, keys: readonly WindowKey[]): Promise<void> {
  if (keys.length === 0) return;
  await tx.delete(mailWindows).where(isOneOf(keys));
}

function isOneOf(keys: readonly WindowKey[]) {
  const { userId, kind, gameId } = mailWindows;
  const rows = keys.map((key) => sql`(${key.userId}::uuid, ${key.kind}, ${key.gameId})`);
  return sql`(${userId}, ${kind}, ${gameId}) in (${sql.join(rows, sql`, `)})`;
}

export async function deleteMailWindowsOf(tx: Database, userId: string): Promise<void> {
  await tx.delete(mailWindows).where(eq(mailWindows.userId, userId));
}
