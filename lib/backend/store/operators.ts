import { and, asc, eq, gt, isNull, lte } from 'drizzle-orm';
import type { Role } from '../../operators/roles.ts';
import { sqlState, uniqueViolation } from '../../postgres/transaction.ts';
import type { LinkPurpose, Operator } from '../domain/operator.ts';
import type { Database } from './database.ts';
import {
  operatorChallenges,
  operatorIdentities,
  operatorLinks,
  operatorOidcChallenges,
  operatorPasskeys,
  operatorSessions,
  operators,
} from './schema.ts';

type Hash = Uint8Array<ArrayBuffer>;

/** @returns false when another operator has the address. */
export async function insertOperator(tx: Database, operator: Operator): Promise<boolean> {
  try {
    await tx.insert(operators).values(operator);
    return true;
  } catch (error) {
    const state = sqlState(error);
    if (state?.code === uniqueViolation && state.constraint === 'operators_email_unique') return false;
    throw error;
  }
}

/** In the order in which they were added. */
export async function listOperators(db: Database): Promise<Operator[]> {
  return db.select().from(operators).orderBy(asc(operators.operatorId));
}

export async function findOperatorByEmail(db: Database, email: string): Promise<Operator | undefined> {
  const [operator] = await db.select().from(operators).where(eq(operators.email, email));
  return operator;
}

export async function findOperator(db: Database, operatorId: string): Promise<Operator | undefined> {
  const [operator] = await db.select().from(operators).where(eq(operators.operatorId, operatorId));
  return operator;
}

/** All operators, locked until the transaction ends: who is an owner depends on all of them. */
export async function lockOperators(tx: Database): Promise<Operator[]> {
  return tx.select().from(operators).orderBy(asc(operators.operatorId)).for('no key update');
}

export async function updateOperator(
  tx: Database,
  operatorId: string,
  changed: { roles: Role[] } | { disabledAt: Date },
): Promise<void> {
  await tx.update(operators).set(changed).where(eq(operators.operatorId, operatorId));
}

/** Takes everything from an operator with which they could sign in, and ends their sessions. */
export async function revokeCredentials(tx: Database, operatorId: string, at: Date): Promise<void> {
  await tx.delete(operatorPasskeys).where(eq(operatorPasskeys.operatorId, operatorId));
  await tx.delete(operatorLinks).where(eq(operatorLinks.operatorId, operatorId));
  await tx.delete(operatorIdentities).where(eq(operatorIdentities.operatorId, operatorId));
  await tx
    .update(operatorSessions)
    .set({ revokedAt: at })
    .where(and(eq(operatorSessions.operatorId, operatorId), isNull(operatorSessions.revokedAt)));
}

export async function insertLink(
  tx: Database,
  link: { tokenHash: Hash; operatorId: string; purpose: LinkPurpose; expiresAt: Date },
): Promise<void> {
  await tx.insert(operatorLinks).values(link);
}

type LinkUse = { tokenHash: Hash; purpose: LinkPurpose; at: Date };

/** The operator of a link that can still be used. */
export async function findOperatorOfLink(
  db: Database,
  { tokenHash, purpose, at }: LinkUse,
): Promise<Operator | undefined> {
  const [found] = await db
    .select({ operator: operators })
    .from(operatorLinks)
    .innerJoin(operators, eq(operators.operatorId, operatorLinks.operatorId))
    .where(
      and(
        eq(operatorLinks.tokenHash, tokenHash),
        eq(operatorLinks.purpose, purpose),
        gt(operatorLinks.expiresAt, at),
        isNull(operators.disabledAt),
      ),
    );
  return found?.operator;
}

/** Uses a link up. @returns whose it was; undefined when it was used before, or has expired. */
export async function takeLink(
  tx: Database,
  { tokenHash, purpose, at }: LinkUse,
): Promise<string | undefined> {
  const [taken] = await tx
    .delete(operatorLinks)
    .where(
      and(
        eq(operatorLinks.tokenHash, tokenHash),
        eq(operatorLinks.purpose, purpose),
        gt(operatorLinks.expiresAt, at),
      ),
    )
    .returning({ operatorId: operatorLinks.operatorId });
  return taken?.operatorId;
}

export type OperatorChallenge = typeof operatorChallenges.$inferSelect;

/** Also deletes those that have expired. */
export async function insertChallenge(tx: Database, challenge: OperatorChallenge, at: Date): Promise<void> {
  await tx.delete(operatorChallenges).where(lte(operatorChallenges.expiresAt, at));
  await tx.insert(operatorChallenges).values(challenge);
}

/** Uses a challenge up, whether or not what is sent for it is right. */
export async function takeChallenge(
  db: Database,
  { challengeId, at }: { challengeId: string; at: Date },
): Promise<OperatorChallenge | undefined> {
  const [taken] = await db
    .delete(operatorChallenges)
    .where(and(eq(operatorChallenges.challengeId, challengeId), gt(operatorChallenges.expiresAt, at)))
    .returning();
  return taken;
}

export type OperatorOidcChallenge = typeof operatorOidcChallenges.$inferSelect;

/** Also deletes those that have expired. */
export async function insertOidcChallenge(
  tx: Database,
  challenge: OperatorOidcChallenge,
  at: Date,
): Promise<void> {
  await tx.delete(operatorOidcChallenges).where(lte(operatorOidcChallenges.expiresAt, at));
  await tx.insert(operatorOidcChallenges).values(challenge);
}

/** Uses a challenge up, whether or not what is sent for it is right. */
export async function takeOidcChallenge(
  db: Database,
  { challengeId, at }: { challengeId: string; at: Date },
): Promise<OperatorOidcChallenge | undefined> {
  const [taken] = await db
    .delete(operatorOidcChallenges)
    .where(and(eq(operatorOidcChallenges.challengeId, challengeId), gt(operatorOidcChallenges.expiresAt, at)))
    .returning();
  return taken;
}

type Account = { issuer: string; subject: string };

/** The operator to whom an account at an issuer is bound, locked. */
export async function lockOperatorOfAccount(
  tx: Database,
  { issuer, subject }: Account,
): Promise<Operator | undefined> {
  const [found] = await tx
    .select({ operator: operators })
    .from(operatorIdentities)
    .innerJoin(operators, eq(operators.operatorId, operatorIdentities.operatorId))
    .where(and(eq(operatorIdentities.issuer, issuer), eq(operatorIdentities.subject, subject)))
    .for('no key update');
  return found?.operator;
}

export async function lockOperatorByEmail(tx: Database, email: string): Promise<Operator | undefined> {
  const [operator] = await tx.select().from(operators).where(eq(operators.email, email)).for('no key update');
  return operator;
}

/** @returns false when the account, or another one of this issuer for the operator, is bound already. */
export async function bindAccount(
  tx: Database,
  bound: Account & { operatorId: string; boundAt: Date },
): Promise<boolean> {
  const stored = await tx
    .insert(operatorIdentities)
    .values(bound)
    .onConflictDoNothing()
    .returning({ operatorId: operatorIdentities.operatorId });
  return stored.length === 1;
}

export type Passkey = typeof operatorPasskeys.$inferSelect;

export async function insertPasskey(tx: Database, passkey: Passkey): Promise<void> {
  await tx.insert(operatorPasskeys).values(passkey);
}

/** The ids of an operator's passkeys. */
export async function passkeysOf(db: Database, operatorId: string): Promise<string[]> {
  const found = await db
    .select({ id: operatorPasskeys.credentialId })
    .from(operatorPasskeys)
    .where(eq(operatorPasskeys.operatorId, operatorId));
  return found.map(({ id }) => id);
}

/** A passkey of an operator who may sign in, locked. */
export async function lockPasskey(
  tx: Database,
  credentialId: string,
): Promise<{ passkey: Passkey; operator: Operator } | undefined> {
  const [found] = await tx
    .select({ passkey: operatorPasskeys, operator: operators })
    .from(operatorPasskeys)
    .innerJoin(operators, eq(operators.operatorId, operatorPasskeys.operatorId))
    .where(and(eq(operatorPasskeys.credentialId, credentialId), isNull(operators.disabledAt)))
    .for('no key update');
  return found;
}

export async function recordPasskeyUse(
  tx: Database,
  { credentialId, counter, at }: { credentialId: string; counter: number; at: Date },
): Promise<void> {
  await tx
    .update(operatorPasskeys)
    .set({ counter, lastUsedAt: at })
    .where(eq(operatorPasskeys.credentialId, credentialId));
}

export type OperatorSession = typeof operatorSessions.$inferSelect;

export async function insertSession(tx: Database, session: OperatorSession): Promise<void> {
  await tx.insert(operatorSessions).values(session);
}

const live = (tokenHash: Hash, at: Date) =>
  and(
    eq(operatorSessions.tokenHash, tokenHash),
    isNull(operatorSessions.revokedAt),
    gt(operatorSessions.expiresAt, at),
  );

/** A session that has not ended, of an operator who is not disabled. */
export async function findLiveSession(
  db: Database,
  { tokenHash, at }: { tokenHash: Hash; at: Date },
): Promise<{ session: OperatorSession; operator: Operator } | undefined> {
  const [found] = await db
    .select({ session: operatorSessions, operator: operators })
    .from(operatorSessions)
    .innerJoin(operators, eq(operators.operatorId, operatorSessions.operatorId))
    .where(and(live(tokenHash, at), isNull(operators.disabledAt)));
  return found;
}

/** Records a use, unless another request has recorded one since `notSince`. */
export async function recordSessionUse(
  db: Database,
  { sessionId, at, notSince }: { sessionId: string; at: Date; notSince: Date },
): Promise<void> {
  await db
    .update(operatorSessions)
    .set({ lastUsedAt: at })
    .where(and(eq(operatorSessions.sessionId, sessionId), lte(operatorSessions.lastUsedAt, notSince)));
}

export async function revokeSession(
  db: Database,
  { tokenHash, at }: { tokenHash: Hash; at: Date },
): Promise<void> {
  await db.update(operatorSessions).set({ revokedAt: at }).where(live(tokenHash, at));
}
