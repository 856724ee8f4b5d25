import { invalidFields } from '../../http/field-problems.ts';
import { inTransaction } from '../../postgres/transaction.ts';
import type { BackendContext } from '../context.ts';
import { lockUser } from '../store/users.ts';
import { requireActing } from './get-account.ts';
import { networkOfUser, type RequestedCode, requestCodes } from './request-codes.ts';

/**
 * Mails a code to the address of the account and another one to the new address. Does not look whether the new address
 * has an account: the response shows it to no one, and a person who confirms has proven to read its mails.
 * @throws Refusal invalid_request for the address that the account has; rate_limited; and as for `getAccount`.
 */
export async function startEmailChange(
  deps: Pick<BackendContext, 'db' | 'codes' | 'mails' | 'mailLimits' | 'wrongCodeLimits' | 'now' | 'newId'>,
  {
    userId,
    deviceSessionId,
    newEmail,
  }: { userId: string; deviceSessionId: string | undefined; newEmail: string },
): Promise<{ emailChangeId: string; expiresAt: Date }> {
  const emailChangeId = deps.newId();
  const { expiresAt } = await inTransaction(deps.db, async (tx) => {
    const { email, locale } = requireActing(await lockUser(tx, userId));
    if (newEmail === email) {
      throw invalidFields([{ field: 'new_email', problem: 'is the address that the account has already' }]);
    }
    const codeFor = (
      purpose: 'leave_address' | 'take_address',
      to: string,
      knownDeviceSessionId?: string,
    ): RequestedCode => ({
      purpose,
      email: to,
      locale,
      knownDeviceSessionId,
      content: (code) => ({ kind: 'account_code', purpose, code }),
      userId,
      emailChangeId,
    });
    return requestCodes(deps, tx, {
      clientNetwork: networkOfUser(userId),
      codes: [codeFor('leave_address', email, deviceSessionId), codeFor('take_address', newEmail)],
    });
  });
  deps.mails.sendSoon();
  return { emailChangeId, expiresAt };
}
