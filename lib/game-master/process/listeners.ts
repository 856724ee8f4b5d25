// The Game Master's two HTTP listeners: one for the lobby and admins, one for players.
import type { HttpListenerApp } from '../../node/http-listener.ts';
import { type Listeners, type ListenHttp, openListeners } from '../../node/listeners.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { GameMasterConfig } from '../config.ts';

/** @param listen of the runtime. @throws StartupError naming every address that cannot be bound. */
export function openGameMasterListeners(
  apps: { public: HttpListenerApp; internal: HttpListenerApp },
  { publicHttp, http }: Pick<GameMasterConfig, 'publicHttp' | 'http'>,
  log: Logger,
  listen: ListenHttp,
): Promise<Listeners> {
  return openListeners(
    [
      {
        name: 'public-http',
        address: publicHttp.addr,
        variable: 'GM_PUBLIC_HTTP_ADDR',
        open: (log) => listen(apps.public, publicHttp.addr, publicHttp, log),
        trust: {
          callers: publicHttp.callers,
          callersVariable: 'GM_PUBLIC_HTTP_CALLERS',
          otherwise: 'any client that reaches it can act as any user, by X-User-ID',
        },
      },
      {
        name: 'internal-http',
        address: http.addr,
        variable: 'GM_HTTP_ADDR',
        open: (log) => listen(apps.internal, http.addr, http, log),
        trust: {
          callers: http.callers,
          callersVariable: 'GM_HTTP_CALLERS',
          otherwise:
            'any client that reaches it can act as the lobby, and have the Game Master call any address',
        },
      },
    ],
    log,
  );
}
