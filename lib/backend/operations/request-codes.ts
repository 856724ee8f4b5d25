import { Refusal } from '../../errors/table.ts';
import { together } from '../../postgres/together.ts';
import { codeDigits, longCodeDigits } from '../../users/sign-in-requests.ts';
import type { BackendContext } from '../context.ts';
import {
  codeLifetimeMs,
  mailWaitMs,
  type Purpose,
  waitForRoomMs,
  wrongCodesKeptMs,
  wrongCodeWindowsMs,
} from '../domain/sign-in.ts';
import type { MailContent } from '../mail/mail.ts';
import type { NewMail } from '../mail/outgoing-mails.ts';
import {
  deleteOldChallenges,
  insertChallenge,
  listSentMails,
  lockAddress,
  lockNetwork,
  type NewChallenge,
  nthLatestMailOfDevice,
  nthLatestMailOfNetwork,
} from '../store/auth-challenges.ts';
import type { Database } from '../store/database.ts';
import { deleteOldWrongCodes, nthLatestWrongCode } from '../store/wrong-codes.ts';

// Each new challenge deletes a few rows that no rule needs any more, and more than it can lead to, so that the tables
// do not grow.
const deletedPerChallenge = 10;

type Deps = Pick<BackendContext, 'codes' | 'mails' | 'mailLimits' | 'wrongCodeLimits' | 'now' | 'newId'>;

export type RequestedCode = {
  readonly purpose: Purpose;
  readonly email: string;
  readonly locale: string;
  /** A session of the account of this address, which has proven to request it. It has a share of its own. */
  readonly knownDeviceSessionId?: string | undefined;
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
  const emails = codes.map(({ email }) => email).toSorted();
  await together(
    tx,
    ...(clientNetwork === null ? [] : [() => lockNetwork(tx, clientNetwork)]),
    ...emails.map((email) => () => lockAddress(tx, email)),
  );
  const createdAt = deps.now();
  const expiresAt = new Date(createdAt.getTime() + codeLifetimeMs);
  const requestAll = async () => {
    const challengeIds: string[] = [];
    for (const request of codes) {
      challengeIds.push(await requestCode(deps, tx, { ...request, clientNetwork, createdAt, expiresAt }));
    }
    return challengeIds;
  };
  const [challengeIds] = await together(tx, requestAll, () => deleteOld(deps, tx, createdAt));
  return { challengeIds, expiresAt };
}

/** @returns the id of the challenge. */
async function requestCode(
  deps: Deps,
  tx: Database,
  request: RequestedCode & { clientNetwork: string | null; createdAt: Date; expiresAt: Date },
): Promise<string> {
  const { purpose, email, locale, clientNetwork, createdAt, expiresAt } = request;
  // Past its share, and when its signature is sent once more than that, a known device is one like any other.
  const knownDeviceSessionId = (await hasShare(deps, tx, request)) ? request.knownDeviceSessionId : undefined;
  const [, digits] = await together(
    tx,
    async () => knownDeviceSessionId ?? (await requireRoom(deps, tx, request)),
    () => digitsFor(deps, tx, email, createdAt),
  );

  const challengeId = deps.newId();
  const code = deps.codes.newCode(digits);
  const challenge: NewChallenge = {
    challengeId,
    purpose,
    email,
    locale,
    clientNetwork,
    knownDeviceSessionId: knownDeviceSessionId ?? null,
    userId: request.userId ?? null,
    emailChangeId: request.emailChangeId ?? null,
    codeHash: await deps.codes.hash(challengeId, code),
    failedAttempts: 0,
    createdAt,
    expiresAt,
    usedAt: null,
  };
  const mail: NewMail = {
    mailId: challengeId,
    to: email,
    locale,
    content: request.content(code),
    expiresAt,
    codeFor: { clientNetwork, knownDevice: knownDeviceSessionId !== undefined },
  };
  await together(
    tx,
    () => insertChallenge(tx, challenge),
    () => deps.mails.write(tx, [mail]),
  );
  return challengeId;
}

/** Limits count the requests of a signed-in user as those of a network of their own. */
export const networkOfUser = (userId: string) => `user:${userId}`;

/** Whether a device that has signed in before may have a mail of its share, which no stranger can use up. */
async function hasShare(
  deps: Deps,
  tx: Database,
  request: Pick<RequestedCode, 'email' | 'knownDeviceSessionId'> & { createdAt: Date },
): Promise<boolean> {
  const { email, knownDeviceSessionId: deviceSessionId, createdAt } = request;
  if (deviceSessionId === undefined) return false;
  const { windowMs, maxMailsPerKnownDevice: nth } = deps.mailLimits;
  const after = new Date(createdAt.getTime() - windowMs);
  return (await nthLatestMailOfDevice(tx, { email, deviceSessionId }, { nth, after })) === undefined;
}

/** @throws Refusal rate_limited */
async function requireRoom(
  { mailLimits }: Deps,
  tx: Database,
  request: Pick<RequestedCode, 'email'> & { clientNetwork: string | null; createdAt: Date },
): Promise<void> {
  const { email, clientNetwork, createdAt: now } = request;
  const { windowMs, maxMailsPerAddress, maxMailsFromNetwork } = mailLimits;
  const after = new Date(now.getTime() - windowMs);
  const [sent, oldest] = await together(
    tx,
    () => listSentMails(tx, { email, after, limit: maxMailsPerAddress }),
    async () =>
      clientNetwork === null
        ? undefined
        : nthLatestMailOfNetwork(tx, { clientNetwork, nth: maxMailsFromNetwork, after }),
  );
  const addressMs = mailWaitMs(sent, mailLimits, clientNetwork, now);
  if (addressMs > 0) throw tooManyMails('with this address', addressMs);
  const networkMs = waitForRoomMs(oldest, windowMs, now);
  if (networkMs > 0) throw tooManyMails('from this network', networkMs);
}

/** The response to a request does not show it: who asks for codes of a stranger need not know that others do. */
async function digitsFor(deps: Deps, tx: Database, email: string, now: Date): Promise<number> {
  const usedUpAt = await nthLatestWrongCode(
    tx,
    { email },
    {
      nth: deps.wrongCodeLimits.maxWrongCodesPerAddress,
      after: new Date(now.getTime() - wrongCodeWindowsMs.address),
    },
  );
  return usedUpAt === undefined ? codeDigits : longCodeDigits;
}

async function deleteOld({ mailLimits }: Deps, tx: Database, now: Date): Promise<void> {
  const old = (keptMs: number) => ({ before: new Date(now.getTime() - keptMs), limit: deletedPerChallenge });
  await together(
    tx,
    () => deleteOldChallenges(tx, old(Math.max(mailLimits.windowMs, codeLifetimeMs))),
    () => deleteOldWrongCodes(tx, old(wrongCodesKeptMs)),
  );
}

function tooManyMails(where: string, waitMs: number): Refusal {
  const seconds = Math.ceil(waitMs / 1_000);
  return new Refusal(
    'rate_limited',
    `Too many codes were asked for ${where}; use one that was mailed, or try again in ${seconds} seconds.`,
    { retry_after_seconds: seconds },
  );
}
