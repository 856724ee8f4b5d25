import { inTransaction } from '../../postgres/transaction.ts';
import type { BackendContext } from '../context.ts';
import { judgeAttempt, type Verdict } from '../domain/sign-in.ts';
import { challengeFailed } from '../refusals.ts';
import { lockChallengeOfUser, markChallengeUsed } from '../store/auth-challenges.ts';
import type { Database } from '../store/database.ts';
import { replaceRecoveryCodes } from '../store/recovery-codes.ts';
import { lockUser } from '../store/users.ts';
import { countWrongCode } from './count-wrong-code.ts';
import { requireActing } from './get-account.ts';
import { notifyOfAccountChange } from './notify-of-account-change.ts';

export const recoveryCodesAtOnce = 10;

type Deps = Pick<
  BackendContext,
  'db' | 'codes' | 'recoveryCodes' | 'outbox' | 'mails' | 'wrongCodeLimits' | 'now' | 'newId'
>;
type Creation = { userId: string; challengeId: string; code: string; traceparent: string | undefined };

/**
 * Creates recovery codes in place of those that the user had. They are returned this once, and stored as hashes only.
 * @throws Refusal challenge_failed, with `attempts_left` while the challenge is alive; and as for `getAccount`.
 */
export async function createRecoveryCodes(deps: Deps, creation: Creation): Promise<string[]> {
  const codes = Array.from({ length: recoveryCodesAtOnce }, () => deps.recoveryCodes.newCode());
  const codeHashes = await Promise.all(codes.map((code) => deps.recoveryCodes.hash(code)));
  const verdict = await inTransaction(deps.db, (tx) => attempt(deps, tx, creation, codeHashes));
  if (verdict.kind === 'wrong_code') {
    deps.mails.sendSoon();
    throw challengeFailed({ attempts_left: verdict.attemptsLeft });
  }
  if (verdict.kind === 'not_alive') throw challengeFailed();
  deps.outbox.publishSoon([creation.userId]);
  deps.mails.sendSoon();
  return codes;
}

async function attempt(
  deps: Deps,
  tx: Database,
  { userId, challengeId, code, traceparent }: Creation,
  codeHashes: readonly Uint8Array<ArrayBuffer>[],
): Promise<Verdict> {
  const user = requireActing(await lockUser(tx, userId));
  const challenge = await lockChallengeOfUser(tx, { challengeId, userId, purpose: 'recovery_codes' });
  if (challenge === undefined) return { kind: 'not_alive' };
  const at = deps.now();
  const isRight = await deps.codes.matches(challengeId, code, challenge.codeHash);
  const verdict = judgeAttempt(challenge, isRight, at);
  if (verdict.kind === 'wrong_code') await countWrongCode(deps, tx, challenge, null, at);
  if (verdict.kind !== 'confirmed') return verdict;
  await markChallengeUsed(tx, challengeId, at);
  await replaceRecoveryCodes(tx, { userId, codeHashes, createdAt: at });
  await notifyOfAccountChange(deps, tx, user, { change: 'recovery_codes_created', at, traceparent });
  return verdict;
}
