import { and, asc, eq, gt, inArray, isNull, lte, type SQL, sql } from 'drizzle-orm';
import { unionAll } from 'drizzle-orm/pg-core';
import { type Given, statement } from '../../postgres/statement.ts';
import { together } from '../../postgres/together.ts';
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
import { mailBudgets, mailHistory, type mailOutcomes, mails, users } from './schema.ts';

export type MailOutcome = (typeof mailOutcomes)[number];

/** What is known of a mail that was not opened, since its content is sealed. */
export const sealedKind = sql<string>`case when ${mails.queue} = 'notices' then 'notice' else 'code' end`;

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

type StoredNotice = Omit<StoredMail, 'codeFor' | 'notices'> & { readonly notices: number };
type StoredCode = Omit<StoredMail, 'codeFor' | 'notices'> & {
  readonly clientNetwork: string;
  readonly rankOfKnownDevice: number | null;
};

const insertNotice = statement('insert_notice', (tx: Database, given: Given<StoredNotice>) =>
  tx.insert(mails).values({
    mailId: given.mailId,
    recipient: given.recipient,
    locale: given.locale,
    content: given.content,
    expiresAt: given.expiresAt,
    notices: given.notices,
    queue: 'notices',
  }),
);

const insertCode = statement('insert_code', (tx: Database, given: Given<StoredCode>) => {
  const waiting = tx.$count(mails, eq(mails.clientNetwork, given.clientNetwork));
  return tx.insert(mails).values({
    mailId: given.mailId,
    recipient: given.recipient,
    locale: given.locale,
    content: given.content,
    expiresAt: given.expiresAt,
    clientNetwork: given.clientNetwork,
    rank: sql<number>`coalesce(${given.rankOfKnownDevice}::int, ${waiting})`,
  });
});

/** The rank of a code counts the others of its network, so the transaction must hold the network's lock. */
export async function insertMails(tx: Database, rows: readonly StoredMail[]): Promise<void> {
  const notices: StoredNotice[] = [];
  for (const { codeFor, notices: count = 1, ...row } of rows) {
    if (codeFor === undefined) notices.push({ ...row, notices: count });
    else {
      const rankOfKnownDevice = codeFor.knownDevice ? rankOfKnownDevices : null;
      await insertCode(tx, { ...row, clientNetwork: codeFor.clientNetwork ?? '', rankOfKnownDevice });
    }
  }
  const [first, ...others] = notices;
  if (first !== undefined && others.length === 0) await insertNotice(tx, first);
  else if (first !== undefined) {
    await tx.insert(mails).values(notices.map((row) => ({ ...row, queue: 'notices' as const })));
  }
}

/** Its locale is known: that of the recipient's account, if none was given. */
export type DueMail = Omit<StoredMail, 'codeFor'> & {
  readonly notices: number;
  readonly failures: number;
  /** Whether the recipient has an account. */
  readonly hasAccount: boolean;
};

type Claim = {
  readonly places: Places;
  readonly budget: CodeBudget;
  readonly claimMs: number;
  /** Mails that expire by then are deleted, at most `limit`. */
  readonly expired: { readonly now: Date; readonly limit: number };
};

type ExpiredMail = Pick<DueMail, 'mailId' | 'failures'>;

export type Claimed = {
  readonly due: readonly DueMail[];
  /** Deleted, as they must not be sent any more. */
  readonly expired: readonly ExpiredMail[];
  /** Whether mails may be left that are due, for which there was no place or no budget. */
  readonly someAreLeft: boolean;
};

/**
 * Claims mails that are due and may be sent now (domain/mail-queues.ts). No other process gets them until `claimMs` have
 * passed; by then they are sent, or the process that claimed them has died. Processes claim one after the other, so
 * that together they stay within the budget.
 */
export async function claimDueMails(
  db: Database,
  { places, budget, claimMs, expired: old }: Claim,
): Promise<Claimed> {
  return inTransaction(db, async (tx) => {
    const { free } = places;
    const read = () =>
      together(
        tx,
        () => lockBudget(tx, {}),
        // After the lock was granted, not before, PostgreSQL reads its clock.
        () => readClock(tx, {}),
        () => deleteExpired(tx, old),
        () => sortCodes(tx, {}),
        () => listWaiting(tx, { free, now: old.now }),
      );
    let [[row], [clock], expired, , waiting] = await read();
    if (row === undefined) {
      await tx.insert(mailBudgets).values({}).onConflictDoNothing();
      const deleted = expired;
      [[row], [clock], expired, , waiting] = await read();
      expired = [...deleted, ...expired];
    }
    if (row === undefined || clock === undefined) throw new TypeError('the budget of mails has one row');
    const use: BudgetUse = { ...row, ...clock };
    const chosen = chooseMails(waiting, places, tokensLeft(budget, use));
    const someAreLeft = chosen.length === free || chosen.length < waiting.length;
    if (chosen.length === 0) return { due: [], expired, someAreLeft };
    const mailIds = chosen.map(({ mailId }) => mailId);
    const [, due] = await together(
      tx,
      () => saveBudget(tx, useBudget(budget, use, chosen)),
      () => claim(tx, { mailIds, claimMs }),
    );
    return { due, expired, someAreLeft };
  });
}

const lockBudget = statement('lock_mail_budget', (tx: Database) =>
  tx
    .select({
      codesFullAtMs: mailBudgets.codesFullAtMs,
      otherCodesFullAtMs: mailBudgets.otherCodesFullAtMs,
    })
    .from(mailBudgets)
    .for('update'),
);

const readClock = statement('read_clock_of_mails', (tx: Database) =>
  tx
    .select({ nowMs: sql<number>`(extract(epoch from clock_timestamp()) * 1000)::float8` })
    .from(sql`(select 1) as one`),
);

const saveBudget = statement('save_mail_budget', (tx: Database, given: Given<Omit<BudgetUse, 'nowMs'>>) =>
  tx
    .update(mailBudgets)
    .set({ codesFullAtMs: given.codesFullAtMs, otherCodesFullAtMs: given.otherCodesFullAtMs }),
);

/** Bounds what one claim does; the fairest order among the rest is that of their ranks. */
const sortedAtOnce = 250;

// The next three are planned each time, since few mails may wait, or a flood of them.

/** Finds out which codes go to an account. Here, since the requests themselves must not depend on accounts. */
const sortCodes = statement(undefined, (tx: Database) => {
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
  return tx
    .update(mails)
    .set({ queue: sql`case when exists ${account} then 'account_codes' else 'other_codes' end` })
    .where(inArray(mails.mailId, unsorted));
});

const listWaiting = statement(undefined, (tx: Database, { now }: Given<{ free: number; now: Date }>) =>
  unionAll(
    waitingIn(tx, 'account_codes', now),
    waitingIn(tx, 'other_codes', now),
    waitingIn(tx, 'notices', now),
  ),
);

/** The first ones of a queue that are due. One that expired may still be there, if it was not due a moment ago. */
function waitingIn(tx: Database, queue: MailQueue, now: SQL) {
  return tx
    .select({
      mailId: mails.mailId,
      queue: sql<MailQueue>`${mails.queue}`,
      rank: mails.rank,
      expiresAt: mails.expiresAt,
    })
    .from(mails)
    .where(
      and(eq(mails.queue, queue), gt(mails.expiresAt, now), lte(mails.nextAttemptAt, sql`clock_timestamp()`)),
    )
    .orderBy(asc(mails.rank), asc(mails.expiresAt), asc(mails.mailId))
    .limit(sql.placeholder('free'));
}

const claim = statement(
  'claim_mails',
  (tx: Database, given: Given<{ mailIds: readonly string[]; claimMs: number }>) => {
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
      .set({ nextAttemptAt: inMs(given.claimMs) })
      .where(sql`${mailId} = any(${given.mailIds}::uuid[])`)
      .returning({ mailId, recipient, locale, content, expiresAt, notices, failures, hasAccount });
  },
);

const deleteOne = statement('delete_mail', (db: Database, { mailId }: Given<{ mailId: string }>) =>
  db.delete(mails).where(eq(mails.mailId, mailId)),
);

/** Deletes a mail that is not to be sent, and of which nothing is kept. */
export async function deleteMail(db: Database, mailId: string): Promise<void> {
  await deleteOne(db, { mailId });
}

const endOne = statement(
  'end_mail',
  (db: Database, given: Given<{ mailId: string; outcome: MailOutcome; kind: string | null }>) =>
    endMails(
      db,
      sql`${mails.mailId} = ${given.mailId}`,
      sql<MailOutcome>`${given.outcome}::text`,
      sql<string>`coalesce(${given.kind}::text, ${sealedKind})`,
    ),
);

/**
 * Deletes a mail that was sent or given up, and keeps what became of it, if its address has an account.
 * @param kind undefined when the mail was not opened.
 */
export async function endMail(
  db: Database,
  mailId: string,
  { outcome, kind }: { readonly outcome: MailOutcome; readonly kind: string | undefined },
): Promise<void> {
  await endOne(db, { mailId, outcome, kind: kind ?? null });
}

/** One statement, so that a mail is never in both tables, or in neither. */
function endMails(db: Database, which: SQL, outcome: SQL<MailOutcome>, kind: SQL<string>) {
  const { mailId, recipient, failures, createdAt } = mails;
  const ended = db.$with('ended').as(
    db
      .delete(mails)
      .where(which)
      .returning({ mailId, recipient, kind: kind.as('kind'), failures, createdAt }),
  );
  const ofUser = db
    .select({
      userId: users.userId,
      writtenAt: ended.createdAt,
      mailId: ended.mailId,
      kind: ended.kind,
      outcome: outcome.as('outcome'),
      failures: ended.failures,
      endedAt: sql<Date>`clock_timestamp()`.as('ended_at'),
    })
    .from(ended)
    .innerJoin(users, and(eq(users.email, ended.recipient), isNull(users.deletedAt)));
  const kept = db
    .$with('kept')
    .as(db.insert(mailHistory).select(ofUser).returning({ keptId: mailHistory.mailId }));
  return db.with(ended, kept).select({ mailId: ended.mailId, failures: ended.failures }).from(ended);
}

/** Mails that must not be sent any more and that no process is sending. */
const deleteExpired = statement(undefined, (tx: Database, given: Given<Claim['expired']>) => {
  const expired = tx
    .select({ mailId: mails.mailId })
    .from(mails)
    .where(and(lte(mails.expiresAt, given.now), lte(mails.nextAttemptAt, sql`now()`)))
    .orderBy(asc(mails.expiresAt), asc(mails.mailId))
    .limit(sql.placeholder('limit'))
    .for('update', { skipLocked: true });
  return endMails(tx, inArray(mails.mailId, expired), sql<MailOutcome>`'expired'`, sealedKind);
});

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

/** How long the oldest mail has waited, in milliseconds; undefined when there is none. */
export async function oldestWaitingMailMs(db: Database): Promise<number | undefined> {
  const [row] = await findOldestWaiting(db, {});
  return row?.ms ?? undefined;
}

const findOldestWaiting = statement('oldest_waiting_mail', (db: Database) =>
  db
    .select({
      ms: sql<
        number | null
      >`greatest(0, extract(epoch from clock_timestamp() - min(${mails.createdAt})) * 1000)::float8`,
    })
    .from(mails),
);

export async function deleteMails(tx: Database, mailIds: readonly string[]): Promise<void> {
  await tx.delete(mails).where(inArray(mails.mailId, [...mailIds]));
}

export async function deleteMailsTo(tx: Database, recipient: string): Promise<void> {
  await tx.delete(mails).where(eq(mails.recipient, recipient));
}

/** How many mails wait to be sent to an address. */
export async function countMailsTo(db: Database, recipient: string): Promise<number> {
  return db.$count(mails, eq(mails.recipient, recipient));
}

/** That long from now, by PostgreSQL's clock. */
export function inMs(ms: number | SQL) {
  return sql`now() + ${ms} * interval '1 millisecond'`;
}
