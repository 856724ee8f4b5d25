// The second step of signing in: the code proves the address, the proof proves that the client holds the private
// key of the key that it registers. Key and proof are checked first and cost no attempt, since they say nothing
// about the code. Attempts are judged and counted under the challenge's row lock and the count is committed before
// the refusal is thrown, so five stay five, however many arrive at once, and one challenge creates one session.
import { inTransaction } from '../../postgres/transaction.ts';
import { confirmBytes } from '../../protocol/envelope.ts';
import { defaultLocale, defaultTimeZone, unknownLocale } from '../../users/profile.ts';
import type { BackendContext } from '../context.ts';
import { type Challenge, judgeAttempt, type Verdict } from '../domain/sign-in.ts';
import type { DeviceSession, User } from '../domain/user.ts';
import { noticeLifetimeMs } from '../mail/mail.ts';
import { sessionCreated } from '../outbox/messages.ts';
import { accountBlocked, challengeFailed } from '../refusals.ts';
import { countFailedAttempt, lockChallenge, markChallengeUsed } from '../store/auth-challenges.ts';
import type { Database } from '../store/database.ts';
import { insertDeviceSession } from '../store/device-sessions.ts';
import { insertUserUnlessKnown, lockUserByEmail } from '../store/users.ts';
import { requireProof } from './require-proof.ts';

type Deps = Pick<BackendContext, 'db' | 'codes' | 'outbox' | 'mails' | 'now' | 'newId'>;

export type Confirmation = {
  challengeId: string;
  /** Six digits. */
  code: string;
  /** Ed25519, raw bytes. */
  clientPublicKey: Uint8Array<ArrayBuffer>;
  /** Signature over `confirmBytes`, 64 bytes. */
  proof: Uint8Array;
  /** For a new user. */
  timeZone: string | undefined;
  deviceName: string | null;
  /** Roughly where the device is; null when that is not known. */
  network: string | null;
  traceparent: string | undefined;
};

export type SignedIn = { deviceSessionId: string; userId: string };

type Outcome =
  | Exclude<Verdict, { kind: 'confirmed' }>
  | { kind: 'blocked' }
  | { kind: 'signed_in'; session: SignedIn };

/**
 * Creates a device session, and the user at the first sign-in. The user is notified by an event and by a mail, so that
 * they hear of a sign-in that was not theirs.
 * @throws Refusal invalid_request for a bad key or proof; challenge_failed, the same for every reason, with
 *   `attempts_left` while the challenge is alive; account_blocked.
 */
export async function confirmEmailCode(deps: Deps, confirmation: Confirmation): Promise<SignedIn> {
  const { clientPublicKey, proof } = confirmation;
  const bytes = confirmBytes(confirmation);
  requireProof({
    clientPublicKey,
    bytes,
    proof,
    covers: 'the galaxy-confirm-v1 bytes of challenge_id and key',
  });
  const outcome = await inTransaction(deps.db, (tx) => attempt(deps, tx, confirmation));
  switch (outcome.kind) {
    case 'signed_in':
      deps.outbox.publishSoon([outcome.session.userId]);
      deps.mails.sendSoon();
      return outcome.session;
    case 'blocked':
      throw accountBlocked();
    case 'wrong_code':
      throw challengeFailed({ attempts_left: outcome.attemptsLeft });
    case 'not_alive':
      throw challengeFailed();
    default:
      return outcome satisfies never;
  }
}

async function attempt(deps: Deps, tx: Database, confirmation: Confirmation): Promise<Outcome> {
  const challenge = await lockChallenge(tx, confirmation.challengeId);
  if (challenge === undefined) return { kind: 'not_alive' };

  const now = deps.now();
  const { challengeId } = challenge;
  const codeMatches = await deps.codes.matches(challengeId, confirmation.code, challenge.codeHash);
  const verdict = judgeAttempt(challenge, codeMatches, now);
  if (verdict.kind === 'wrong_code') await countFailedAttempt(tx, challengeId);
  if (verdict.kind !== 'confirmed') return verdict;

  await markChallengeUsed(tx, challengeId, now);
  const user = await findOrCreateUser(deps, tx, challenge, confirmation.timeZone, now);
  if (user.blockedAt !== null) return { kind: 'blocked' };

  const session: DeviceSession = {
    deviceSessionId: deps.newId(),
    userId: user.userId,
    clientPublicKey: confirmation.clientPublicKey,
    deviceName: confirmation.deviceName,
    network: confirmation.network,
    createdAt: now,
    lastUsedAt: now,
    revokedAt: null,
  };
  await insertDeviceSession(tx, session);
  await notifyOwner(deps, tx, user, session, confirmation.traceparent);
  return { kind: 'signed_in', session };
}

async function notifyOwner(
  deps: Pick<Deps, 'outbox' | 'mails' | 'newId'>,
  tx: Database,
  { email, locale, timeZone }: User,
  session: DeviceSession,
  traceparent: string | undefined,
): Promise<void> {
  await deps.outbox.write(tx, [sessionCreated(session, traceparent)]);
  const { deviceName, network, createdAt } = session;
  await deps.mails.write(tx, [
    {
      mailId: deps.newId(),
      to: email,
      locale,
      content: {
        kind: 'new_session',
        device_name: deviceName,
        network,
        created_at: createdAt.toISOString(),
        time_zone: timeZone,
      },
      expiresAt: new Date(createdAt.getTime() + noticeLifetimeMs),
    },
  ]);
}

async function findOrCreateUser(
  deps: Pick<Deps, 'newId'>,
  tx: Database,
  { email, locale }: Challenge,
  timeZone: string | undefined,
  now: Date,
): Promise<User> {
  const known = await lockUserByEmail(tx, email);
  if (known !== undefined) return known;
  await insertUserUnlessKnown(tx, {
    userId: deps.newId(),
    email,
    handle: null,
    displayName: null,
    locale: locale === unknownLocale ? defaultLocale : locale,
    timeZone: timeZone ?? defaultTimeZone,
    blockedAt: null,
    deletedAt: null,
    createdAt: now,
  });
  const user = await lockUserByEmail(tx, email);
  if (user === undefined) throw new Error('the user was not found after it was created');
  return user;
}
