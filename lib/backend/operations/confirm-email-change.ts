// Changes the address of an account. A session alone must never be enough, since a person who has the address has the
// account: it takes a code from the address that the account has, or a recovery code, and one from the new address.
// Attempts are judged and counted under the user's lock, and the count is committed before the refusal is thrown.
import { Refusal } from '../../errors/table.ts';
import { inTransaction, sqlState, uniqueViolation } from '../../postgres/transaction.ts';
import type { BackendContext } from '../context.ts';
import { type Challenge, judgeAttempt, type Verdict } from '../domain/sign-in.ts';
import type { User } from '../domain/user.ts';
import { lockEmailChange, markChallengeUsed } from '../store/auth-challenges.ts';
import type { Database } from '../store/database.ts';
import { countRecoveryCodes, hasRecoveryCode, useRecoveryCode } from '../store/recovery-codes.ts';
import { changeEmail, lockUser, lockUserByEmail } from '../store/users.ts';
import { countWrongCode } from './count-wrong-code.ts';
import { endSessions } from './end-sessions.ts';
import { requireActing } from './get-account.ts';
import { notifyOfAccountChange } from './notify-of-account-change.ts';

type Deps = Pick<
  BackendContext,
  'db' | 'codes' | 'recoveryCodes' | 'outbox' | 'mails' | 'wrongCodeLimits' | 'now' | 'newId'
>;

export type EmailChange = {
  userId: string;
  /** Of the request; its session does not end. */
  deviceSessionId: string | undefined;
  emailChangeId: string;
  /** What shows that the account is the user's. */
  by: { readonly oldCode: string } | { readonly recoveryCode: string };
  newCode: string;
  traceparent: string | undefined;
};

type Outcome = { kind: 'changed'; user: User } | Exclude<Verdict, { kind: 'confirmed' }>;

/**
 * Gives the account the new address. All other sessions end: the reason for the change may be that another person reads
 * the old mailbox. The old address is notified.
 * @throws Refusal challenge_failed, with `attempts_left` while the change is alive; email_taken; and as for `getAccount`.
 */
export async function confirmEmailChange(deps: Deps, change: EmailChange): Promise<User> {
  const { by } = change;
  const recoveryHash = 'recoveryCode' in by ? await deps.recoveryCodes.hash(by.recoveryCode) : undefined;
  const outcome = await inTransaction(deps.db, (tx) => attempt(deps, tx, change, recoveryHash)).catch(
    (error: unknown) => {
      const state = sqlState(error);
      const taken = state?.code === uniqueViolation && state.constraint === 'users_email_unique';
      throw taken ? emailTaken() : error;
    },
  );
  switch (outcome.kind) {
    case 'changed':
      deps.outbox.publishSoon([change.userId]);
      deps.mails.sendSoon();
      return outcome.user;
    case 'wrong_code':
      deps.mails.sendSoon();
      throw changeFailed({ attempts_left: outcome.attemptsLeft });
    case 'not_alive':
      throw changeFailed();
    default:
      return outcome satisfies never;
  }
}

async function attempt(
  deps: Deps,
  tx: Database,
  change: EmailChange,
  recoveryHash: Uint8Array<ArrayBuffer> | undefined,
): Promise<Outcome> {
  const { userId, by, newCode } = change;
  const user = requireActing(await lockUser(tx, userId));
  const challenges = await lockEmailChange(tx, change);
  if (challenges === undefined) return { kind: 'not_alive' };
  const { leave, take } = challenges;
  const matches = ({ challengeId, codeHash }: Challenge, code: string) =>
    deps.codes.matches(challengeId, code, codeHash);
  const isOwner =
    'oldCode' in by
      ? await matches(leave, by.oldCode)
      : recoveryHash !== undefined && (await hasRecoveryCode(tx, { userId, codeHash: recoveryHash }));

  const now = deps.now();
  const refusal = await countWrongCodes(
    deps,
    tx,
    [
      { challenge: leave, isRight: isOwner },
      { challenge: take, isRight: await matches(take, newCode) },
    ],
    now,
  );
  if (refusal !== undefined) return refusal;
  // Only one who reads the mails to this address learns that it has an account.
  if ((await lockUserByEmail(tx, take.email)) !== undefined) throw emailTaken();
  for (const { challengeId } of [leave, take]) await markChallengeUsed(tx, challengeId, now);
  return {
    kind: 'changed',
    user: await apply(deps, tx, { ...change, user, recoveryHash, email: take.email, now }),
  };
}

/** @returns undefined when both are right. */
async function countWrongCodes(
  deps: Deps,
  tx: Database,
  codes: readonly { challenge: Challenge; isRight: boolean }[],
  now: Date,
): Promise<Exclude<Verdict, { kind: 'confirmed' }> | undefined> {
  const judged = codes.map(({ challenge, isRight }) => ({
    challenge,
    verdict: judgeAttempt(challenge, isRight, now),
  }));
  if (judged.some(({ verdict }) => verdict.kind === 'not_alive')) return { kind: 'not_alive' };
  const attemptsLeft: number[] = [];
  // Each takes the lock of an address; in one order, so that no two changes wait for each other.
  const inOrder = judged.toSorted((a, b) => (a.challenge.email < b.challenge.email ? -1 : 1));
  for (const { challenge, verdict } of inOrder) {
    if (verdict.kind !== 'wrong_code') continue;
    await countWrongCode(deps, tx, challenge, null, now);
    attemptsLeft.push(verdict.attemptsLeft);
  }
  return attemptsLeft.length === 0
    ? undefined
    : { kind: 'wrong_code', attemptsLeft: Math.min(...attemptsLeft) };
}

async function apply(
  deps: Deps,
  tx: Database,
  change: EmailChange & {
    user: User;
    recoveryHash: Uint8Array<ArrayBuffer> | undefined;
    email: string;
    now: Date;
  },
): Promise<User> {
  const { userId, user, email, recoveryHash, deviceSessionId: keptSessionId, now: at, traceparent } = change;
  await changeEmail(tx, userId, email);
  await endSessions(deps, tx, { userId, keptSessionId, reason: 'revoked', at, traceparent });
  const changed = { ...user, email };
  await notifyOfAccountChange(deps, tx, changed, {
    change: 'email_changed',
    at,
    to: user.email,
    traceparent,
  });
  if (recoveryHash !== undefined) {
    await useRecoveryCode(tx, { userId, codeHash: recoveryHash });
    await notifyOfAccountChange(deps, tx, changed, {
      change: 'recovery_code_used',
      at,
      recoveryCodesLeft: await countRecoveryCodes(tx, userId),
      traceparent,
    });
  }
  return changed;
}

function emailTaken(): Refusal {
  return new Refusal(
    'email_taken',
    'The new address belongs to another account; sign in to that one, or choose another.',
  );
}

function changeFailed(details?: { attempts_left: number }): Refusal {
  return new Refusal(
    'challenge_failed',
    'One of the codes is not right, or the change is unknown, expired or done; check both codes or start again.',
    details,
  );
}
