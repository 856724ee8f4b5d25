import { type HttpListenerApp, listenHttp } from '../node/http-listener.ts';
import { type Listeners, openListeners } from '../node/listeners.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { GameMasterConfig } from './config.ts';

/** @throws StartupError when the address cannot be bound. */
export function openGameMasterListener(
  app: HttpListenerApp,
  { http }: Pick<GameMasterConfig, 'http'>,
  log: Logger,
): Promise<Listeners> {
  return openListeners(
    [
      {
        name: 'http',
        address: http.addr,
        variable: 'GM_HTTP_ADDR',
        open: (log) => listenHttp(app, http.addr, http, log),
        trust: {
          token: http.token,
          tokenVariable: 'GM_HTTP_TOKEN',
          otherwise: 'whoever reaches it can have it call any address',
        },
      },
    ],
    log,
  );
}
