// The lobby's two HTTP listeners: public for users, internal for admins and the Game Master.
import { StartupError } from '../config/startup.ts';
import { isLoopback } from '../config/types.ts';
import type { Problem } from '../config/variables.ts';
import { type HttpListenerApp, type Listener, listenHttp } from '../node/http-listener.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { LobbyConfig } from './config.ts';

type Plan = {
  name: string;
  app: HttpListenerApp;
  settings: LobbyConfig['publicHttp'];
  variable: string;
  /** What an open listener without a token means. */
  trust: string;
};

export type LobbyListeners = {
  /** Stops accepting, lets running requests finish, and cuts what is left after `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
};

/** @throws StartupError naming every address that cannot be bound. */
export async function openLobbyListeners(
  apps: { public: HttpListenerApp; internal: HttpListenerApp },
  config: Pick<LobbyConfig, 'publicHttp' | 'internalHttp'>,
  log: Logger,
): Promise<LobbyListeners> {
  const plans: Plan[] = [
    {
      name: 'public-http',
      app: apps.public,
      settings: config.publicHttp,
      variable: 'LOBBY_PUBLIC_HTTP',
      trust: 'whoever reaches it can act as any user, by X-User-ID',
    },
    {
      name: 'internal-http',
      app: apps.internal,
      settings: config.internalHttp,
      variable: 'LOBBY_INTERNAL_HTTP',
      trust: 'whoever reaches it can act as an admin',
    },
  ];
  const listeners: Listener[] = [];
  const problems: Problem[] = [];
  const open = async (plan: Plan) => {
    try {
      const listener = await listenHttp(plan.app, plan.settings.addr, plan.settings);
      listeners.push(listener);
      announce(plan, listener, log);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      problems.push({ variable: `${plan.variable}_ADDR`, message });
    }
  };
  const close = async (timeoutMs: number) => {
    await Promise.all(listeners.map((listener) => listener.close(timeoutMs)));
  };

  await Promise.all(plans.map(open));
  if (problems.length > 0) {
    await close(0);
    throw new StartupError(problems);
  }
  return { close };
}

function announce(plan: Plan, { port }: Listener, log: Logger): void {
  log.info({ listener: plan.name, host: plan.settings.addr.host, port }, 'listening');
  const warning = trustWarning(plan);
  if (warning !== undefined) log.warn({ listener: plan.name }, warning);
}

/** What is dangerous about where a listener binds, if something is. */
export function trustWarning({
  settings,
  variable,
  trust,
}: Pick<Plan, 'variable' | 'trust'> & {
  settings: Pick<Plan['settings'], 'addr' | 'token'>;
}): string | undefined {
  if (settings.token !== undefined || isLoopback(settings.addr)) return undefined;
  return `open to the network without a token: ${trust}. Set ${variable}_TOKEN, or bind ${variable}_ADDR to loopback.`;
}
