import { vi } from 'vitest';
import { signInCode } from '../../../infra/local/log-lines.ts';
import type { TestStack } from '../run/stack.ts';

/** The sign-in code that the stack mailed, which its log has. */
export function mailedCode(stack: TestStack, challengeId: string): Promise<string> {
  return vi.waitFor(
    async () => {
      const lines = (await stack.logs()).split('\n').filter((line) => line.includes(challengeId));
      const [code] = lines.flatMap((line) => signInCode(line, challengeId) ?? []);
      if (code === undefined) throw new Error(`no code of ${challengeId} was logged`);
      return code;
    },
    { timeout: 20_000, interval: 100 },
  );
}
