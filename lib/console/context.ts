import { isLoopback } from '../config/types.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ConsoleConfig } from './config.ts';
import { createService, isReady, type Service } from './peers/service.ts';

/** A file that browsers load. */
export type Asset = { readonly type: string; readonly bytes: Uint8Array<ArrayBuffer> };

/** Whom a request comes from. */
export type Client = { readonly peerAddress: string | undefined; readonly forwardedFor: string | undefined };

/**
 * Counts a request for the network of its client until it is known whether an operator has sent it.
 * @returns to be called once, with that. @throws Refusal rate_limited, which says when to retry.
 */
export type StrangerLimit = (client: Client) => (ofOperator: boolean) => void;

/** The dependencies of the console's pages; built once per process. It has no state of its own. */
export type Console = {
  readonly publicUrl: string;
  /** Whether only this machine reaches it, so that a link may sign in without a passkey. */
  readonly local: boolean;
  readonly limitStranger: StrangerLimit;
  readonly backend: Service;
  readonly lobby: Service;
  readonly gameMaster: Service;
  /** Asked for nothing but whether it is ready. */
  readonly gateway: Pick<Service, 'name' | 'isReady'> | undefined;
  /** By the last part of their path. */
  readonly assets: ReadonlyMap<string, Asset>;
  readonly log: Logger;
};

export function createConsole(
  config: Pick<ConsoleConfig, 'http' | 'publicUrl' | 'backend' | 'lobby' | 'gameMaster' | 'gatewayUrl'>,
  { assets, limitStranger, log }: Pick<Console, 'assets' | 'limitStranger' | 'log'>,
): Console {
  const { http, publicUrl, backend, lobby, gameMaster, gatewayUrl } = config;
  return {
    publicUrl,
    local: isLoopback(http.addr) && new URL(publicUrl).hostname === 'localhost',
    limitStranger,
    backend: createService({
      ...backend,
      name: 'The backend',
      tokenVariables: { ours: 'CONSOLE_BACKEND_TOKEN', theirs: 'BACKEND_ADMIN_HTTP_CALLERS' },
      log,
    }),
    lobby: createService({
      ...lobby,
      name: 'The lobby',
      tokenVariables: { ours: 'CONSOLE_LOBBY_TOKEN', theirs: 'LOBBY_INTERNAL_HTTP_CALLERS' },
      log,
    }),
    gameMaster: createService({
      ...gameMaster,
      name: 'The Game Master',
      tokenVariables: { ours: 'CONSOLE_GM_TOKEN', theirs: 'GM_HTTP_CALLERS' },
      log,
    }),
    gateway:
      gatewayUrl === undefined
        ? undefined
        : { name: 'The gateway', isReady: () => isReady(gatewayUrl, backend.timeoutMs) },
    assets,
    log,
  };
}
