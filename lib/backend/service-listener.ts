import { StartupError } from '../config/startup.ts';
import { isLoopback } from '../config/types.ts';
import { type HttpListenerApp, type Listener, listenHttp } from '../node/http-listener.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { BackendConfig } from './config.ts';

/** Opens the listener for gateway and lobby. @throws StartupError when the address cannot be bound. */
export async function openServiceListener(
  app: HttpListenerApp,
  http: BackendConfig['http'],
  log: Logger,
): Promise<Listener> {
  const listener = await listenHttp(app, http.addr, http).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    throw new StartupError([{ variable: 'BACKEND_HTTP_ADDR', message }]);
  });
  log.info({ listener: 'service-http', host: http.addr.host, port: listener.port }, 'listening');
  if (http.token === undefined && !isLoopback(http.addr)) {
    log.warn(
      { listener: 'service-http' },
      'open to the network without a token: whoever reaches it can act as any user, by X-User-ID. ' +
        'Set BACKEND_HTTP_TOKEN, or bind BACKEND_HTTP_ADDR to loopback.',
    );
  }
  return listener;
}
