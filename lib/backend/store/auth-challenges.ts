import { and, desc, eq, gt, inArray, isNull, lt, sql } from 'drizzle-orm';
import { type Given, statement } from '../../postgres/statement.ts';
import type { Challenge, Purpose, SentMail } from '../domain/sign-in.ts';
import type { Database } from './database.ts';
import { authChallenges } from './schema.ts';

/** Lets one transaction at a time do what is bounded for an address, so that two cannot both be the last allowed one. */
export async function lockAddress(tx: Database, email: string): Promise<void> {
  await lock(tx, `address.${email}`);
}

/** The same for a network. Take it before the lock of an address, so that no two wait for each other. */
export async function lockNetwork(tx: Database, clientNetwork: string): Promise<void> {
  await lock(tx, `network.${clientNetwork}`);
}

async function lock(tx: Database, name: string): Promise<void> {
  await takeLock(tx, { name });
}

const takeLock = statement('lock_by_name', (tx: Database, { name }: Given<{ name: string }>) =>
  tx
    .select({ lock: sql`pg_advisory_xact_lock(hashtextextended('galaxy.backend.' || ${name}::text, 0))` })
    .from(sql`(select 1) as one`),
);

const nthOfNetwork = statement(
  'nth_latest_mail_of_network',
  (tx: Database, given: Given<{ clientNetwork: string; after: Date; newer: number }>) =>
    tx
      .select({ sentAt: authChallenges.createdAt })
      .from(authChallenges)
      .where(
        and(
          eq(authChallenges.clientNetwork, given.clientNetwork),
          isNull(authChallenges.knownDeviceSessionId),
          gt(authChallenges.createdAt, given.after),
        ),
      )
      .orderBy(desc(authChallenges.createdAt))
      .offset(sql.placeholder('newer'))
      .limit(1),
);

/** When a network requested its `nth` latest mail; undefined when there were fewer. Those of known devices do not count. */
export async function nthLatestMailOfNetwork(
  tx: Database,
  { clientNetwork, nth, after }: { clientNetwork: string; nth: number; after: Date },
): Promise<Date | undefined> {
  const [mail] = await nthOfNetwork(tx, { clientNetwork, after, newer: nth - 1 });
  return mail?.sentAt;
}

const sentTo = statement(
  'list_sent_mails',
  (tx: Database, given: Given<{ email: string; after: Date; limit: number }>) =>
    tx
      .select({ sentAt: authChallenges.createdAt, network: authChallenges.clientNetwork })
      .from(authChallenges)
      .where(
        and(
          eq(authChallenges.email, given.email),
          isNull(authChallenges.knownDeviceSessionId),
          gt(authChallenges.createdAt, given.after),
        ),
      )
      .orderBy(desc(authChallenges.createdAt))
      .limit(sql.placeholder('limit')),
);

/** The latest mails that went to an address and no known device requested, newest first. */
export async function listSentMails(
  tx: Database,
  query: { email: string; after: Date; limit: number },
): Promise<SentMail[]> {
  return sentTo(tx, query);
}

/** When the `nth` latest mail went to an address that a known device requested; undefined when there were fewer. */
export async function nthLatestMailOfDevice(
  tx: Database,
  { email, deviceSessionId }: { email: string; deviceSessionId: string },
  { nth, after }: { nth: number; after: Date },
): Promise<Date | undefined> {
  const [found] = await tx
    .select({ at: authChallenges.createdAt })
    .from(authChallenges)
    .where(
      and(
        eq(authChallenges.email, email),
        eq(authChallenges.knownDeviceSessionId, deviceSessionId),
        gt(authChallenges.createdAt, after),
      ),
    )
    .orderBy(desc(authChallenges.createdAt))
    .offset(nth - 1)
    .limit(1);
  return found?.at;
}

export type NewChallenge = Challenge & {
  readonly purpose: Purpose;
  readonly userId: string | null;
  readonly emailChangeId: string | null;
};

const insert = statement('insert_challenge', (tx: Database, given: Given<NewChallenge>) =>
  tx.insert(authChallenges).values({
    challengeId: given.challengeId,
    purpose: given.purpose,
    email: given.email,
    locale: given.locale,
    clientNetwork: given.clientNetwork,
    userId: given.userId,
    emailChangeId: given.emailChangeId,
    knownDeviceSessionId: given.knownDeviceSessionId,
    codeHash: given.codeHash,
    failedAttempts: given.failedAttempts,
    createdAt: given.createdAt,
    expiresAt: given.expiresAt,
    usedAt: given.usedAt,
  }),
);

export async function insertChallenge(tx: Database, challenge: NewChallenge): Promise<void> {
  await insert(tx, challenge);
}

const lockOfSignIn = statement('lock_challenge', (tx: Database, given: Given<{ challengeId: string }>) =>
  tx
    .select()
    .from(authChallenges)
    .where(and(eq(authChallenges.challengeId, given.challengeId), eq(authChallenges.purpose, 'sign_in')))
    .for('update'),
);

/** Finds the challenge of a sign-in and makes other attempts at it wait until the transaction ends. */
export async function lockChallenge(tx: Database, challengeId: string): Promise<Challenge | undefined> {
  const [challenge] = await lockOfSignIn(tx, { challengeId });
  return challenge;
}

/** The same for a challenge of a signed-in user. */
export async function lockChallengeOfUser(
  tx: Database,
  { challengeId, userId, purpose }: { challengeId: string; userId: string; purpose: Purpose },
): Promise<Challenge | undefined> {
  const [challenge] = await tx
    .select()
    .from(authChallenges)
    .where(
      and(
        eq(authChallenges.challengeId, challengeId),
        eq(authChallenges.userId, userId),
        eq(authChallenges.purpose, purpose),
      ),
    )
    .for('update');
  return challenge;
}

/** The same for both challenges of a change of address, whose user the transaction has locked. */
export async function lockEmailChange(
  tx: Database,
  { emailChangeId, userId }: { emailChangeId: string; userId: string },
): Promise<{ leave: Challenge; take: Challenge } | undefined> {
  const challenges = await tx
    .select()
    .from(authChallenges)
    .where(and(eq(authChallenges.userId, userId), eq(authChallenges.emailChangeId, emailChangeId)))
    .for('update');
  const leave = challenges.find(({ purpose }) => purpose === 'leave_address');
  const take = challenges.find(({ purpose }) => purpose === 'take_address');
  return leave && take && { leave, take };
}

export async function countFailedAttempt(tx: Database, challengeId: string): Promise<void> {
  await tx
    .update(authChallenges)
    .set({ failedAttempts: sql`${authChallenges.failedAttempts} + 1` })
    .where(eq(authChallenges.challengeId, challengeId));
}

const markUsed = statement(
  'mark_challenge_used',
  (tx: Database, given: Given<{ challengeId: string; usedAt: Date }>) =>
    tx
      .update(authChallenges)
      .set({ usedAt: given.usedAt })
      .where(eq(authChallenges.challengeId, given.challengeId)),
);

export async function markChallengeUsed(tx: Database, challengeId: string, usedAt: Date): Promise<void> {
  await markUsed(tx, { challengeId, usedAt });
}

/** Deletes all challenges of an address, also those that are still valid. */
export async function deleteChallengesOf(tx: Database, email: string): Promise<void> {
  await tx.delete(authChallenges).where(eq(authChallenges.email, email));
}

/** Deletes what a user has requested when signed in. @returns the ids, which their mails have, too. */
export async function deleteChallengesOfUser(tx: Database, userId: string): Promise<string[]> {
  const deleted = await tx
    .delete(authChallenges)
    .where(eq(authChallenges.userId, userId))
    .returning({ challengeId: authChallenges.challengeId });
  return deleted.map(({ challengeId }) => challengeId);
}

type Old = { before: Date; limit: number };

// Planned each time: a plan for few rows would be a bad one after a flood.
const deleteOld = statement(undefined, (tx: Database, given: Given<Old>) => {
  const oldest = tx
    .select({ challengeId: authChallenges.challengeId })
    .from(authChallenges)
    .where(lt(authChallenges.createdAt, given.before))
    .orderBy(authChallenges.createdAt)
    .limit(sql.placeholder('limit'))
    .for('update', { skipLocked: true });
  return tx.delete(authChallenges).where(inArray(authChallenges.challengeId, oldest));
});

/** Deletes up to `limit` of the oldest challenges; those that another transaction holds are left for later. */
export async function deleteOldChallenges(tx: Database, old: Old): Promise<void> {
  await deleteOld(tx, old);
}
