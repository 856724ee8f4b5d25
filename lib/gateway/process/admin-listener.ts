// The admin HTTP listener, from which metrics are scraped. Starts only when it has an address.
import type { ListenAddress } from '../../config/types.ts';
import { type HttpListenerApp, listenHttp } from '../../node/http-listener.ts';
import type { ListenerPlan } from '../../node/listeners.ts';

const timeouts = { readHeaderTimeoutMs: 2_000, readTimeoutMs: 5_000, idleTimeoutMs: 120_000 };

export function planAdminListener(app: HttpListenerApp, address: ListenAddress): ListenerPlan {
  return {
    name: 'admin-http',
    address,
    variable: 'GATEWAY_ADMIN_HTTP_ADDR',
    open: (log) => listenHttp(app, address, timeouts, log),
  };
}
