import { vi } from 'vitest';
import { signInCode } from '../../../infra/local/log-lines.ts';
import type { TestStack } from '../run/stack.ts';

const patience = { timeout: 20_000, interval: 100 };

/** The sign-in code that the stack mailed, which its log has. */
export function mailedCode(stack: TestStack, challengeId: string): Promise<string> {
  return vi.waitFor(async () => {
    const lines = (await stack.logs()).split('\n').filter((line) => line.includes(challengeId));
    const [code] = lines.flatMap((line) => signInCode(line, challengeId) ?? []);
    if (code === undefined) throw new Error(`no code of ${challengeId} was logged`);
    return code;
  }, patience);
}

/** The last code that the stack mailed to an address for a change of its account. */
export function mailedAccountCode(stack: TestStack, to: string, purpose: string): Promise<string> {
  return vi.waitFor(async () => {
    const lines = (await stack.logs()).split('\n').filter((line) => line.includes('account code'));
    const found = lines
      .map((line) => JSON.parse(line))
      .findLast((line) => line.to === to && line.purpose === purpose);
    if (found === undefined) throw new Error(`no code for ${purpose} was mailed to ${to}`);
    return String(found.code);
  }, patience);
}
