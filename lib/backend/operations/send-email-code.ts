import { Refusal } from '../../errors/table.ts';
import { inTransaction } from '../../postgres/transaction.ts';
import { codeDigits, longCodeDigits } from '../../users/sign-in-requests.ts';
import type { BackendContext } from '../context.ts';
import { codeLifetimeMs, mailWaitMs, wrongCodesKeptMs, wrongCodeWindowsMs } from '../domain/sign-in.ts';
import {
  deleteOldChallenges,
  insertChallenge,
  listSentMails,
  lockAddress,
  nthLatestMailOfDevice,
} from '../store/auth-challenges.ts';
import type { Database } from '../store/database.ts';
import { deleteOldWrongCodes, nthLatestWrongCode } from '../store/wrong-codes.ts';
import { isKnownDevice, type KnownDeviceProof } from './known-device.ts';

type Deps = Pick<
  BackendContext,
  'db' | 'codes' | 'mails' | 'mailLimits' | 'wrongCodeLimits' | 'now' | 'newId'
>;

// Each new challenge deletes a few rows that no rule needs any more, and more than it can lead to, so that the tables
// do not grow.
const deletedPerChallenge = 10;

/**
 * Creates a challenge and the mail with its code, which is sent after the response. Looks no address up among the
 * users, so that neither the response nor its time shows whether it has an account: the language of a mail without a
 * locale is found when it is sent. A device that has signed in to the account before has a share of its own.
 * @throws Refusal rate_limited with `retry_after_seconds` when the address got too many mails, altogether or requested
 *   from this network.
 */
export async function sendEmailCode(
  deps: Deps,
  request: {
    email: string;
    locale: string;
    clientNetwork: string | null;
    knownDevice: KnownDeviceProof | undefined;
  },
): Promise<{ challengeId: string; expiresAt: Date }> {
  const { email, locale, clientNetwork, knownDevice } = request;
  const challengeId = deps.newId();
  const known = knownDevice !== undefined && (await isKnownDevice(deps, email, knownDevice));

  const expiresAt = await inTransaction(deps.db, async (tx) => {
    await lockAddress(tx, email);
    const createdAt = deps.now();
    // Past its share, and when its signature is sent once more than that, it is a device like any other.
    const knownDeviceSessionId =
      known && (await hasShare(deps, tx, { email, ...knownDevice }, createdAt))
        ? knownDevice.deviceSessionId
        : null;
    if (knownDeviceSessionId === null) await requireRoom(deps, tx, { email, clientNetwork }, createdAt);

    const code = deps.codes.newCode(await digitsFor(deps, tx, email, createdAt));
    const expires = new Date(createdAt.getTime() + codeLifetimeMs);
    await insertChallenge(tx, {
      challengeId,
      email,
      locale,
      clientNetwork,
      knownDeviceSessionId,
      codeHash: await deps.codes.hash(challengeId, code),
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
        codeFor: { clientNetwork, knownDevice: knownDeviceSessionId !== null },
      },
    ]);
    await deleteOld(deps, tx, createdAt);
    return expires;
  });

  deps.mails.sendSoon();
  return { challengeId, expiresAt };
}

/** Whether a device that has signed in before may have a mail of its share, which no stranger can use up. */
async function hasShare(
  deps: Deps,
  tx: Database,
  device: { email: string; deviceSessionId: string },
  now: Date,
): Promise<boolean> {
  const { windowMs, maxMailsPerKnownDevice: nth } = deps.mailLimits;
  const after = new Date(now.getTime() - windowMs);
  return (await nthLatestMailOfDevice(tx, device, { nth, after })) === undefined;
}

/** @throws Refusal rate_limited */
async function requireRoom(
  deps: Deps,
  tx: Database,
  { email, clientNetwork }: { email: string; clientNetwork: string | null },
  now: Date,
): Promise<void> {
  const after = new Date(now.getTime() - deps.mailLimits.windowMs);
  const sent = await listSentMails(tx, { email, after, limit: deps.mailLimits.maxMailsPerAddress });
  const waitMs = mailWaitMs(sent, deps.mailLimits, clientNetwork, now);
  if (waitMs > 0) throw tooManyMails(waitMs);
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

async function deleteOld(deps: Deps, tx: Database, now: Date): Promise<void> {
  const old = (keptMs: number) => ({ before: new Date(now.getTime() - keptMs), limit: deletedPerChallenge });
  await deleteOldChallenges(tx, old(Math.max(deps.mailLimits.windowMs, codeLifetimeMs)));
  await deleteOldWrongCodes(tx, old(wrongCodesKeptMs));
}

function tooManyMails(waitMs: number): Refusal {
  const seconds = Math.ceil(waitMs / 1_000);
  return new Refusal(
    'rate_limited',
    `Too many codes were asked for with this address; use one that was mailed, or try again in ${seconds} seconds.`,
    { retry_after_seconds: seconds },
  );
}
