import type { Check } from '../config/startup.ts';

/**
 * For runtimes where whoever knows a service's address can ask it: without its token a listener would believe anybody.
 * @param tokens the variables of the bearer tokens by which its listeners know who calls them, and how to find them.
 */
export function tokenChecks<C>(
  tokens: Readonly<Record<string, (config: C) => string | undefined>>,
): Check<C>[] {
  return Object.entries(tokens).map(([variable, token]) => ({
    needs: [variable],
    problem: (config) =>
      token(config) === undefined
        ? 'is not set, but anybody could ask this listener here; make one with: openssl rand -hex 32'
        : undefined,
  }));
}
