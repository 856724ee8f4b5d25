import { Refusal } from '../../errors/table.ts';
import { inTransaction } from '../../postgres/transaction.ts';
import type { BackendContext } from '../context.ts';
import { codeLifetimeMs, mailWaitMs } from '../domain/sign-in.ts';
import {
  deleteOldChallenges,
  insertChallenge,
  listSentMails,
  lockAddress,
} from '../store/auth-challenges.ts';

// Each new challenge deletes a few that no rule needs any more, so that the table does not grow.
const deletedPerChallenge = 10;

/**
 * Creates a challenge and the mail with its code, which is sent after the response. Never reads the users, so that
 * neither the response nor its time shows whether an address has an account: the language of a mail without a locale
 * is found when it is sent.
 * @throws Refusal rate_limited with `retry_after_seconds` when the address got too many mails, altogether or requested
 *   from this network.
 */
export async function sendEmailCode(
  deps: Pick<BackendContext, 'db' | 'codes' | 'mails' | 'mailLimits' | 'now' | 'newId'>,
  request: { email: string; locale: string; clientNetwork: string | null },
): Promise<{ challengeId: string; expiresAt: Date }> {
  const { email, locale, clientNetwork } = request;
  const challengeId = deps.newId();
  const code = deps.codes.newCode();
  const codeHash = await deps.codes.hash(challengeId, code);

  const expiresAt = await inTransaction(deps.db, async (tx) => {
    await lockAddress(tx, email);
    const createdAt = deps.now();
    const windowStart = new Date(createdAt.getTime() - deps.mailLimits.windowMs);
    const sent = await listSentMails(tx, {
      email,
      after: windowStart,
      limit: deps.mailLimits.maxMailsPerAddress,
    });
    const waitMs = mailWaitMs(sent, deps.mailLimits, clientNetwork, createdAt);
    if (waitMs > 0) throw tooManyMails(waitMs);

    const expires = new Date(createdAt.getTime() + codeLifetimeMs);
    await insertChallenge(tx, {
      challengeId,
      email,
      locale,
      clientNetwork,
      codeHash,
      failedAttempts: 0,
      createdAt,
      expiresAt: expires,
      usedAt: null,
    });
    await deps.mails.write(tx, [
      { mailId: challengeId, to: email, locale, content: { kind: 'sign_in_code', code }, expiresAt: expires },
    ]);
    const keptMs = Math.max(deps.mailLimits.windowMs, codeLifetimeMs);
    await deleteOldChallenges(tx, {
      before: new Date(createdAt.getTime() - keptMs),
      limit: deletedPerChallenge,
    });
    return expires;
  });

  deps.mails.sendSoon();
  return { challengeId, expiresAt };
}

function tooManyMails(waitMs: number): Refusal {
  const seconds = Math.ceil(waitMs / 1_000);
  return new Refusal(
    'rate_limited',
    `Too many codes were asked for with this address; use one that was mailed, or try again in ${seconds} seconds.`,
    { retry_after_seconds: seconds },
  );
}
