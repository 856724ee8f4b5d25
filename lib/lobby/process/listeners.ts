// The lobby's two HTTP listeners: public for users, internal for admins and the Game Master.
import type { HttpListenerApp } from '../../node/http-listener.ts';
import { type Listeners, type ListenHttp, openListeners } from '../../node/listeners.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { LobbyConfig } from '../config.ts';

/** @param listen of the runtime. @throws StartupError naming every address that cannot be bound. */
export function openLobbyListeners(
  apps: { public: HttpListenerApp; internal: HttpListenerApp },
  { publicHttp, internalHttp }: Pick<LobbyConfig, 'publicHttp' | 'internalHttp'>,
  log: Logger,
  listen: ListenHttp,
): Promise<Listeners> {
  return openListeners(
    [
      {
        name: 'public-http',
        address: publicHttp.addr,
        variable: 'LOBBY_PUBLIC_HTTP_ADDR',
        open: (log) => listen(apps.public, publicHttp.addr, publicHttp, log),
        trust: {
          callers: publicHttp.callers,
          callersVariable: 'LOBBY_PUBLIC_HTTP_CALLERS',
          otherwise: 'any client that reaches it can act as any user, by X-User-ID',
        },
      },
      {
        name: 'internal-http',
        address: internalHttp.addr,
        variable: 'LOBBY_INTERNAL_HTTP_ADDR',
        open: (log) => listen(apps.internal, internalHttp.addr, internalHttp, log),
        trust: {
          callers: internalHttp.callers,
          callersVariable: 'LOBBY_INTERNAL_HTTP_CALLERS',
          otherwise: 'any client that reaches it can act as an admin',
        },
      },
    ],
    log,
  );
}
