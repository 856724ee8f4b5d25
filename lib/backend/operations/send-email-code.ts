import { inTransaction } from '../../postgres/transaction.ts';
import type { BackendContext } from '../context.ts';
import { type RequestedCode, requestCodes } from './request-codes.ts';

/**
 * Creates a challenge and the mail with its code, which is sent after the response. Never reads the users, so that
 * neither the response nor its time shows whether an address has an account: the language of a mail without a locale
 * is found when it is sent.
 * @throws Refusal rate_limited with `retry_after_seconds` when the address got too many mails, altogether or requested
 *   from this network, or the network requested too many for all addresses together.
 */
export async function sendEmailCode(
  deps: Pick<BackendContext, 'db' | 'codes' | 'mails' | 'mailLimits' | 'now' | 'newId'>,
  {
    clientNetwork,
    ...request
  }: Pick<RequestedCode, 'email' | 'locale' | 'knownDevice'> & { clientNetwork: string | null },
): Promise<{ challengeId: string; expiresAt: Date }> {
  const code: RequestedCode = {
    ...request,
    purpose: 'sign_in',
    content: (code) => ({ kind: 'sign_in_code', code }),
  };
  const { challengeIds, expiresAt } = await inTransaction(deps.db, (tx) =>
    requestCodes(deps, tx, { clientNetwork, codes: [code] }),
  );
  deps.mails.sendSoon();
  const [challengeId] = challengeIds;
  if (challengeId === undefined) throw new TypeError('one code was requested');
  return { challengeId, expiresAt };
}
