import { type HttpListenerApp, listenHttp } from '../node/http-listener.ts';
import { type Listeners, openListeners } from '../node/listeners.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { BackendConfig } from './config.ts';

/** Opens the listener for gateway and lobby. @throws StartupError when the address cannot be bound. */
export function openServiceListener(
  app: HttpListenerApp,
  http: BackendConfig['http'],
  log: Logger,
): Promise<Listeners> {
  return openListeners(
    [
      {
        name: 'service-http',
        address: http.addr,
        variable: 'BACKEND_HTTP_ADDR',
        open: () => listenHttp(app, http.addr, http),
        trust: {
          token: http.token,
          tokenVariable: 'BACKEND_HTTP_TOKEN',
          otherwise: 'whoever reaches it can act as any user, by X-User-ID',
        },
      },
    ],
    log,
  );
}
