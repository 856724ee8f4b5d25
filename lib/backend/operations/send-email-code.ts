import { inTransaction } from '../../postgres/transaction.ts';
import type { BackendContext } from '../context.ts';
import { isKnownDevice, type KnownDeviceProof } from './known-device.ts';
import { requestCodes } from './request-codes.ts';

/**
 * Creates a challenge and the mail with its code, which is sent after the response. Looks no address up among the
 * users, so that neither the response nor its time shows whether it has an account: the language of a mail without a
 * locale is found when it is sent. A device that has signed in to the account before has a share of its own.
 * @throws Refusal rate_limited with `retry_after_seconds` when the address got too many mails, altogether or requested
 *   from this network, or the network requested too many for all addresses together.
 */
export async function sendEmailCode(
  deps: Pick<BackendContext, 'db' | 'codes' | 'mails' | 'mailLimits' | 'wrongCodeLimits' | 'now' | 'newId'>,
  request: {
    email: string;
    locale: string;
    clientNetwork: string | null;
    knownDevice: KnownDeviceProof | undefined;
  },
): Promise<{ challengeId: string; expiresAt: Date }> {
  const { email, locale, clientNetwork, knownDevice } = request;
  const known = knownDevice !== undefined && (await isKnownDevice(deps, email, knownDevice));
  const { challengeIds, expiresAt } = await inTransaction(deps.db, (tx) =>
    requestCodes(deps, tx, {
      clientNetwork,
      codes: [
        {
          purpose: 'sign_in',
          email,
          locale,
          ...(known ? { knownDeviceSessionId: knownDevice.deviceSessionId } : {}),
          content: (code) => ({ kind: 'sign_in_code', code }),
        },
      ],
    }),
  );
  deps.mails.sendSoon();
  const [challengeId] = challengeIds;
  if (challengeId === undefined) throw new TypeError('one code was requested');
  return { challengeId, expiresAt };
}
