// A signed-in user of a test backend, who changes their account by mailed codes.
import type { AccountCodePurpose } from '../../../lib/backend/mail/mail.ts';
import { type HttpResponse, type TestBackend, TestDevice } from './backend.ts';

export type SignedInUser = {
  readonly email: string;
  readonly userId: string;
  readonly deviceSessionId: string;
};

export async function signInUser(backend: TestBackend, email: string): Promise<SignedInUser> {
  return { email, ...(await new TestDevice(backend).signIn(email)) };
}

/** What the gateway sends for a command of this user. */
export function as(
  backend: TestBackend,
  { userId, deviceSessionId }: SignedInUser,
  method: string,
  path: string,
  body?: unknown,
): Promise<HttpResponse> {
  return backend.request(method, `/api/v1/user/${path}`, {
    headers: { 'X-User-ID': userId, 'X-Device-Session-ID': deviceSessionId },
    ...(body === undefined ? {} : { body }),
  });
}

/** The latest code for this purpose that was mailed to an address. */
export async function accountCode(
  backend: TestBackend,
  to: string,
  purpose: AccountCodePurpose,
): Promise<string> {
  await backend.settled();
  const codes = backend.mails.flatMap(({ to: recipient, content }) =>
    recipient === to && content.kind === 'account_code' && content.purpose === purpose ? [content.code] : [],
  );
  return codes.at(-1) ?? missing(to, purpose);
}

function missing(to: string, purpose: AccountCodePurpose): never {
  throw new Error(`no code for ${purpose} was mailed to ${to}`);
}

/** The ten codes. */
export async function createRecoveryCodes(backend: TestBackend, user: SignedInUser): Promise<string[]> {
  const started = await as(backend, user, 'POST', 'recovery-codes/start');
  const code = await accountCode(backend, user.email, 'recovery_codes');
  const { body } = await as(backend, user, 'POST', 'recovery-codes', {
    challenge_id: started.body.challenge_id,
    code,
  });
  await backend.settled();
  return body.recovery_codes as string[];
}
