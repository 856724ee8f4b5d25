// The backend's two HTTP listeners: service for gateway and lobby, admin for operators.
import type { HttpListenerApp } from '../../node/http-listener.ts';
import { type Listeners, type ListenHttp, openListeners } from '../../node/listeners.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { BackendConfig } from '../config.ts';

/** @param listen of the runtime. @throws StartupError naming every address that cannot be bound. */
export function openBackendListeners(
  apps: { service: HttpListenerApp; admin: HttpListenerApp },
  { http, adminHttp }: Pick<BackendConfig, 'http' | 'adminHttp'>,
  log: Logger,
  listen: ListenHttp,
): Promise<Listeners> {
  return openListeners(
    [
      {
        name: 'service-http',
        address: http.addr,
        variable: 'BACKEND_HTTP_ADDR',
        open: (log) => listen(apps.service, http.addr, http, log),
        trust: {
          callers: http.callers,
          callersVariable: 'BACKEND_HTTP_CALLERS',
          otherwise: 'anyone who reaches it can act as any user, by X-User-ID',
        },
      },
      {
        name: 'admin-http',
        address: adminHttp.addr,
        variable: 'BACKEND_ADMIN_HTTP_ADDR',
        open: (log) => listen(apps.admin, adminHttp.addr, adminHttp, log),
        trust: {
          callers: adminHttp.callers,
          callersVariable: 'BACKEND_ADMIN_HTTP_CALLERS',
          otherwise: 'anyone who reaches it can block users and read their addresses',
        },
      },
    ],
    log,
  );
}
