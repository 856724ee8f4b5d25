import type { Check } from '../config/startup.ts';
import type { ServiceCaller } from '../operators/service-callers.ts';

/**
 * For runtimes where any client that knows a service's address can reach it: each listener needs its callers.
 * @param callers the variables of its listeners' callers, and how to read each from the configuration.
 */
export function callerChecks<C>(
  callers: Readonly<Record<string, (config: C) => readonly ServiceCaller[] | undefined>>,
): Check<C>[] {
  return Object.entries(callers).map(([variable, read]) => ({
    needs: [variable],
    problem: (config) =>
      read(config) === undefined
        ? 'is not set, but any client could call this listener here; name its callers (docs/service-callers.md)'
        : undefined,
  }));
}
