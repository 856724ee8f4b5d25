import { unknownLocale } from '../../users/profile.ts';
import type { BackendContext } from '../context.ts';
import { type Challenge, dayMs, wrongCodeWindowsMs } from '../domain/sign-in.ts';
import { noticeLifetimeMs } from '../mail/mail.ts';
import { countFailedAttempt, lockAddress } from '../store/auth-challenges.ts';
import type { Database } from '../store/database.ts';
import {
  insertWrongCode,
  markOwnerNotified,
  nthLatestWrongCode,
  wasOwnerNotified,
} from '../store/wrong-codes.ts';

type Deps = Pick<BackendContext, 'mails' | 'wrongCodeLimits' | 'newId'>;

/**
 * Counts it for the challenge, the address and the network, and writes the mail to the owner when the address has used
 * up its budget. The users are not read, so that no time shows whether the address has an account: whether there is an
 * owner is found when the mail is sent.
 */
export async function countWrongCode(
  deps: Deps,
  tx: Database,
  { challengeId, email }: Pick<Challenge, 'challengeId' | 'email'>,
  clientNetwork: string | null,
  now: Date,
): Promise<void> {
  await countFailedAttempt(tx, challengeId);
  // One at a time, so that one of them writes the mail.
  await lockAddress(tx, email);
  const wrongCodeId = deps.newId();
  await insertWrongCode(tx, { wrongCodeId, email, clientNetwork, createdAt: now });
  const usedUpAt = await nthLatestWrongCode(
    tx,
    { email },
    {
      nth: deps.wrongCodeLimits.maxWrongCodesPerAddress,
      after: new Date(now.getTime() - wrongCodeWindowsMs.address),
    },
  );
  const aDayAgo = new Date(now.getTime() - dayMs);
  if (usedUpAt === undefined || (await wasOwnerNotified(tx, { email, after: aDayAgo }))) return;
  await markOwnerNotified(tx, wrongCodeId);
  await deps.mails.write(tx, [
    {
      mailId: deps.newId(),
      to: email,
      locale: unknownLocale,
      content: { kind: 'wrong_codes' },
      expiresAt: new Date(now.getTime() + noticeLifetimeMs),
    },
  ]);
}
