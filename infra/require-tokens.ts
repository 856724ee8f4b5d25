import { StartupError } from '../lib/config/startup.ts';

/**
 * For runtimes where whoever knows a service's address can ask it: without its token a listener would believe anybody.
 * @param tokens by their variables. @throws StartupError naming those that are not set.
 */
export function requireTokens(tokens: Readonly<Record<string, string | undefined>>): void {
  const missing = Object.keys(tokens).filter((variable) => tokens[variable] === undefined);
  if (missing.length === 0) return;
  const message = 'is not set, but anybody could ask this listener here; make one with: openssl rand -hex 32';
  throw new StartupError(missing.map((variable) => ({ variable, message })));
}
