// The ports of a process, opened together: all addresses that cannot be bound are reported at once, with their
// variables. Once all are open: a `listening` line per port, and a warning for one that trusts its callers and is open
// to the network.
import { StartupError } from '../config/startup.ts';
import { isLoopback, type ListenAddress } from '../config/types.ts';
import type { Problem } from '../config/variables.ts';
import type { ServiceCaller } from '../operators/service-callers.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { HttpListenerApp, HttpTimeouts, Listener } from './http-listener.ts';

export type ListenerPlan = {
  /** For the log: `public-http`. */
  readonly name: string;
  readonly address: ListenAddress;
  /** The variable that sets the address. */
  readonly variable: string;
  readonly open: (log: Logger) => Promise<Listener>;
  /** For a port that trusts its callers. */
  readonly trust?: {
    readonly callers: readonly ServiceCaller[] | undefined;
    readonly callersVariable: string;
    /** What it means when none are named. */
    readonly otherwise: string;
  };
};

/** Opens one HTTP port as a runtime does it: `listenHttp` on Node. */
export type ListenHttp = (
  app: HttpListenerApp,
  address: ListenAddress,
  timeouts: HttpTimeouts,
  log: Logger,
) => Promise<Listener>;

export type Listeners = {
  /**
   * Stops accepting, lets running requests finish, and cuts what is left after `timeoutMs`.
   * @param name of the one to close; without it all that are not closed yet.
   */
  close(timeoutMs: number, name?: string): Promise<void>;
};

/** @throws StartupError naming every address that cannot be bound; the others are closed again. */
export async function openListeners(plans: readonly ListenerPlan[], log: Logger): Promise<Listeners> {
  const opened = new Map<ListenerPlan, Listener>();
  const problems: Problem[] = [];
  const openOne = async (plan: ListenerPlan) => {
    try {
      opened.set(plan, await plan.open(log));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      problems.push({ variable: plan.variable, message });
    }
  };
  const close = async (timeoutMs: number, name?: string) => {
    const closing = [...opened].filter(([plan]) => name === undefined || plan.name === name);
    for (const [plan] of closing) opened.delete(plan);
    await Promise.all(closing.map(([, listener]) => listener.close(timeoutMs)));
  };

  await Promise.all(plans.map(openOne));
  if (problems.length > 0) {
    await close(0);
    throw new StartupError(problems);
  }
  for (const [plan, listener] of opened) announce(plan, listener, log);
  return { close };
}

function announce(plan: ListenerPlan, { port }: Listener, log: Logger): void {
  log.info({ listener: plan.name, host: plan.address.host, port }, 'listening');
  const warning = trustWarning(plan);
  if (warning !== undefined) log.warn({ listener: plan.name }, warning);
}

/** What is dangerous about the address of a listener; undefined when nothing is. */
export function trustWarning({
  address,
  variable,
  trust,
}: Pick<ListenerPlan, 'address' | 'variable' | 'trust'>): string | undefined {
  if (trust === undefined || trust.callers !== undefined || isLoopback(address)) return undefined;
  const advice = `Set ${trust.callersVariable}, or bind ${variable} to loopback.`;
  return `open to the network, and names no callers: ${trust.otherwise}. ${advice}`;
}
