import { and, desc, eq, gt, inArray, isNull, lt, sql } from 'drizzle-orm';
import type { Challenge, SentMail } from '../domain/sign-in.ts';
import type { Database } from './database.ts';
import { authChallenges } from './schema.ts';

/** Lets one transaction at a time create challenges for an address, so that two cannot both be the last allowed one. */
export async function lockAddress(tx: Database, email: string): Promise<void> {
  await tx.execute(
    sql`select pg_advisory_xact_lock(hashtextextended('galaxy.backend.address.' || ${email}, 0))`,
  );
}

/** The latest mails that went to an address and no known device requested, newest first. */
export async function listSentMails(
  tx: Database,
  query: { email: string; after: Date; limit: number },
): Promise<SentMail[]> {
  return tx
    .select({ sentAt: authChallenges.createdAt, network: authChallenges.clientNetwork })
    .from(authChallenges)
    .where(
      and(
        eq(authChallenges.email, query.email),
        isNull(authChallenges.knownDeviceSessionId),
        gt(authChallenges.createdAt, query.after),
      ),
    )
    .orderBy(desc(authChallenges.createdAt))
    .limit(query.limit);
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

export async function insertChallenge(tx: Database, challenge: Challenge): Promise<void> {
  await tx.insert(authChallenges).values(challenge);
}

/** Finds a challenge and makes other attempts at it wait until the transaction ends. */
export async function lockChallenge(tx: Database, challengeId: string): Promise<Challenge | undefined> {
  const [challenge] = await tx
    .select()
    .from(authChallenges)
    .where(eq(authChallenges.challengeId, challengeId))
    .for('update');
  return challenge;
}

export async function countFailedAttempt(tx: Database, challengeId: string): Promise<void> {
  await tx
    .update(authChallenges)
    .set({ failedAttempts: sql`${authChallenges.failedAttempts} + 1` })
    .where(eq(authChallenges.challengeId, challengeId));
}

export async function markChallengeUsed(tx: Database, challengeId: string, usedAt: Date): Promise<void> {
  await tx.update(authChallenges).set({ usedAt }).where(eq(authChallenges.challengeId, challengeId));
}

/** Deletes all challenges of an address, also those that are still valid. */
export async function deleteChallengesOf(tx: Database, email: string): Promise<void> {
  await tx.delete(authChallenges).where(eq(authChallenges.email, email));
}

/** Deletes up to `limit` of the oldest challenges; those that another transaction holds are left for later. */
export async function deleteOldChallenges(tx: Database, old: { before: Date; limit: number }): Promise<void> {
  const oldest = tx
    .select({ challengeId: authChallenges.challengeId })
    .from(authChallenges)
    .where(lt(authChallenges.createdAt, old.before))
    .orderBy(authChallenges.createdAt)
    .limit(old.limit)
    .for('update', { skipLocked: true });
  await tx.delete(authChallenges).where(inArray(authChallenges.challengeId, oldest));
}
