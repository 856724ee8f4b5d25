import { inTransaction } from '../../postgres/transaction.ts';
import type { BackendContext } from '../context.ts';
import { lockUser } from '../store/users.ts';
import { requireActing } from './get-account.ts';
import { networkOfUser, requestCodes } from './request-codes.ts';

/**
 * Mails the code without which no recovery codes are created: a stolen session alone must not be enough.
 * @throws Refusal rate_limited; and as for `getAccount`.
 */
export async function startRecoveryCodes(
  deps: Pick<BackendContext, 'db' | 'codes' | 'mails' | 'mailLimits' | 'wrongCodeLimits' | 'now' | 'newId'>,
  { userId, deviceSessionId }: { userId: string; deviceSessionId: string | undefined },
): Promise<{ challengeId: string; expiresAt: Date }> {
  const purpose = 'recovery_codes';
  const { challengeIds, expiresAt } = await inTransaction(deps.db, async (tx) => {
    const { email, locale } = requireActing(await lockUser(tx, userId));
    return requestCodes(deps, tx, {
      clientNetwork: networkOfUser(userId),
      codes: [
        {
          purpose,
          email,
          locale,
          knownDeviceSessionId: deviceSessionId,
          content: (code) => ({ kind: 'account_code', purpose, code }),
          userId,
        },
      ],
    });
  });
  deps.mails.sendSoon();
  const [challengeId] = challengeIds;
  if (challengeId === undefined) throw new TypeError('one code was requested');
  return { challengeId, expiresAt };
}
