import type { Check } from '../config/startup.ts';

/**
 * For runtimes where any client that knows a service's address can reach it: each listener needs its token.
 * @param tokens the variables of its listeners' bearer tokens, and how to read each from the configuration.
 */
export function tokenChecks<C>(
  tokens: Readonly<Record<string, (config: C) => string | undefined>>,
): Check<C>[] {
  return Object.entries(tokens).map(([variable, token]) => ({
    needs: [variable],
    problem: (config) =>
      token(config) === undefined
        ? 'is not set, but any client could call this listener here; create one with: openssl rand -hex 32'
        : undefined,
  }));
}
