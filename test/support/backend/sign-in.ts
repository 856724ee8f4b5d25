import { vi } from 'vitest';
import { signInCode } from '../../../infra/local/log-lines.ts';
import type { TestClient } from '../gateway/test-client.ts';

/**
 * Signs a client in as a person would, with the code that was mailed to the address.
 * @param lines what the backend writes, to which it goes on adding; its mailer is the log.
 */
export async function signInByMail(
  client: TestClient,
  email: string,
  lines: readonly string[],
): Promise<void> {
  const challengeId = await client.sendEmailCode(email);
  const mailed = () =>
    lines.filter((line) => line.includes(challengeId)).flatMap((line) => signInCode(line, challengeId) ?? []);
  const code = await vi.waitFor(() => mailed()[0] ?? missing(email), { timeout: 10_000 });
  await client.confirmEmailCode(challengeId, code, 'test');
}

function missing(email: string): never {
  throw new Error(`no sign-in code for ${email} was logged`);
}
