import { Refusal } from '../../errors/table.ts';
import { inTransaction } from '../../postgres/transaction.ts';
import type { BackendContext } from '../context.ts';
import { codeLifetimeMs, mailWaitMs, networkWaitMs } from '../domain/sign-in.ts';
import {
  deleteOldChallenges,
  findMailOfNetwork,
  insertChallenge,
  listSentMails,
  lockMailLimits,
} from '../store/auth-challenges.ts';
import type { Database } from '../store/database.ts';

// Each new challenge deletes a few that no rule needs any more, so that the table does not grow.
const deletedPerChallenge = 10;

type Deps = Pick<BackendContext, 'db' | 'codes' | 'mails' | 'mailLimits' | 'now' | 'newId'>;

export type CodeRequest = {
  email: string;
  locale: string;
  clientNetwork: string | null;
  /** The request comes from a device that has signed in to the account of this address. */
  knownDevice: boolean;
};

/**
 * Creates a challenge and the mail with its code, which is sent after the response. Never reads the users, so that
 * neither the response nor its time shows whether an address has an account: the language of a mail without a locale
 * is found when it is sent.
 * @throws Refusal rate_limited with `retry_after_seconds` when the address got too many mails, altogether or requested
 *   from this network, or the network requested too many for all addresses together.
 */
export async function sendEmailCode(
  deps: Deps,
  request: CodeRequest,
): Promise<{ challengeId: string; expiresAt: Date }> {
  const { email, locale, clientNetwork, knownDevice } = request;
  const challengeId = deps.newId();
  const code = deps.codes.newCode();
  const codeHash = await deps.codes.hash(challengeId, code);

  const expiresAt = await inTransaction(deps.db, async (tx) => {
    await lockMailLimits(tx, request);
    const createdAt = deps.now();
    await requireRoom(deps, tx, request, createdAt);
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
      {
        mailId: challengeId,
        to: email,
        locale,
        content: { kind: 'sign_in_code', code },
        expiresAt: expires,
        codeFor: { clientNetwork, knownDevice },
      },
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

async function requireRoom(
  { mailLimits }: Pick<Deps, 'mailLimits'>,
  tx: Database,
  { email, clientNetwork, knownDevice }: CodeRequest,
  now: Date,
): Promise<void> {
  const after = new Date(now.getTime() - mailLimits.windowMs);
  const sent = await listSentMails(tx, { email, after, limit: mailLimits.maxMailsPerAddress });
  const addressMs = mailWaitMs(sent, mailLimits, clientNetwork, now);
  if (addressMs > 0) throw tooManyMails('with this address', addressMs);
  // Strangers who share a network with a known device do not keep it from signing in.
  if (clientNetwork === null || knownDevice) return;
  const blocking = await findMailOfNetwork(tx, { clientNetwork, nth: mailLimits.maxMailsFromNetwork, after });
  const networkMs = networkWaitMs(blocking, mailLimits, now);
  if (networkMs > 0) throw tooManyMails('from this network', networkMs);
}

function tooManyMails(where: string, waitMs: number): Refusal {
  const seconds = Math.ceil(waitMs / 1_000);
  return new Refusal(
    'rate_limited',
    `Too many codes were asked for ${where}; use one that was mailed, or try again in ${seconds} seconds.`,
    { retry_after_seconds: seconds },
  );
}
