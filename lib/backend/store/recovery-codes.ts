import { and, eq, isNull } from 'drizzle-orm';
import type { Database } from './database.ts';
import { recoveryCodes, users } from './schema.ts';

type Hash = Uint8Array<ArrayBuffer>;

/** The user with this address to whom the code belongs. One statement, so that an unknown address takes as long. */
export async function findOwnerOfRecoveryCode(
  db: Database,
  { email, codeHash }: { email: string; codeHash: Hash },
): Promise<string | undefined> {
  const [owner] = await db
    .select({ userId: users.userId })
    .from(recoveryCodes)
    .innerJoin(users, eq(users.userId, recoveryCodes.userId))
    .where(and(eq(recoveryCodes.codeHash, codeHash), eq(users.email, email), isNull(users.deletedAt)));
  return owner?.userId;
}

type CodeOfUser = { userId: string; codeHash: Hash };

export async function hasRecoveryCode(tx: Database, code: CodeOfUser): Promise<boolean> {
  return (
    (await tx.select({ userId: recoveryCodes.userId }).from(recoveryCodes).where(isCode(code))).length > 0
  );
}

/** Uses a code up. @returns false when it was used before, or is not a code of this user. */
export async function useRecoveryCode(tx: Database, code: CodeOfUser): Promise<boolean> {
  const used = await tx.delete(recoveryCodes).where(isCode(code)).returning({ userId: recoveryCodes.userId });
  return used.length > 0;
}

function isCode({ userId, codeHash }: CodeOfUser) {
  return and(eq(recoveryCodes.codeHash, codeHash), eq(recoveryCodes.userId, userId));
}

export async function countRecoveryCodes(db: Database, userId: string): Promise<number> {
  return db.$count(recoveryCodes, eq(recoveryCodes.userId, userId));
}

/** Replaces all codes of a user. */
export async function replaceRecoveryCodes(
  tx: Database,
  { userId, codeHashes, createdAt }: { userId: string; codeHashes: readonly Hash[]; createdAt: Date },
): Promise<void> {
  await deleteRecoveryCodes(tx, userId);
  await tx.insert(recoveryCodes).values(codeHashes.map((codeHash) => ({ codeHash, userId, createdAt })));
}

export async function deleteRecoveryCodes(tx: Database, userId: string): Promise<void> {
  await tx.delete(recoveryCodes).where(eq(recoveryCodes.userId, userId));
}
