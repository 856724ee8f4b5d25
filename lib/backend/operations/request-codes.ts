import { Refusal } from '../../errors/table.ts';
import type { BackendContext } from '../context.ts';
import { codeLifetimeMs, mailWaitMs, networkWaitMs, type Purpose } from '../domain/sign-in.ts';
import type { MailContent } from '../mail/mail.ts';
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

type Deps = Pick<BackendContext, 'codes' | 'mails' | 'mailLimits' | 'now' | 'newId'>;

export type RequestedCode = {
  readonly purpose: Purpose;
  readonly email: string;
  readonly locale: string;
  /** The request comes from a device that has signed in to the account of this address. */
  readonly knownDevice: boolean;
  readonly content: (code: string) => MailContent;
  /** Of a signed-in user who changes their account. */
  readonly userId?: string;
  readonly emailChangeId?: string;
};

/**
 * Creates challenges, with the mails that have their codes. `deps.mails.sendSoon` is to be called after the commit.
 * @param requests.clientNetwork of all of them; null when it is not known.
 * @returns the ids of the challenges, in the order of the requests.
 * @throws Refusal rate_limited with `retry_after_seconds`.
 */
export async function requestCodes(
  deps: Deps,
  tx: Database,
  { clientNetwork, codes }: { clientNetwork: string | null; codes: readonly RequestedCode[] },
): Promise<{ challengeIds: string[]; expiresAt: Date }> {
  await lockMailLimits(tx, { clientNetwork, emails: codes.map(({ email }) => email) });
  const createdAt = deps.now();
  const expiresAt = new Date(createdAt.getTime() + codeLifetimeMs);
  const challengeIds: string[] = [];
  for (const request of codes) {
    await requireRoom(deps, tx, { ...request, clientNetwork }, createdAt);
    const { purpose, email, locale, knownDevice, userId = null, emailChangeId = null } = request;
    const challengeId = deps.newId();
    const code = deps.codes.newCode();
    await insertChallenge(tx, {
      challengeId,
      purpose,
      email,
      locale,
      clientNetwork,
      userId,
      emailChangeId,
      codeHash: await deps.codes.hash(challengeId, code),
      failedAttempts: 0,
      createdAt,
      expiresAt,
      usedAt: null,
    });
    await deps.mails.write(tx, [
      {
        mailId: challengeId,
        to: email,
        locale,
        content: request.content(code),
        expiresAt,
        codeFor: { clientNetwork, knownDevice },
      },
    ]);
    challengeIds.push(challengeId);
  }
  const keptMs = Math.max(deps.mailLimits.windowMs, codeLifetimeMs);
  await deleteOldChallenges(tx, {
    before: new Date(createdAt.getTime() - keptMs),
    limit: deletedPerChallenge,
  });
  return { challengeIds, expiresAt };
}

/** Limits count the requests of a signed-in user as those of a network of their own. */
export const networkOfUser = (userId: string) => `user:${userId}`;

async function requireRoom(
  { mailLimits }: Pick<Deps, 'mailLimits'>,
  tx: Database,
  {
    email,
    clientNetwork,
    knownDevice,
  }: Pick<RequestedCode, 'email' | 'knownDevice'> & { clientNetwork: string | null },
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
