import type { BackendConfig } from '../../lib/backend/config.ts';
import type { BackendContext } from '../../lib/backend/context.ts';
import type { HttpApp, HttpAppOptions } from '../../lib/http/app.ts';
import type { StreamAdmin } from '../../lib/streams/admin.ts';
import { createBackendAdminApp } from './admin-router.ts';
import { lobbyUpstream } from './lobby/pass-to-lobby.ts';
import { createBackendServiceApp } from './service-router.ts';

/** The apps of the backend's two HTTP listeners, from its configuration. */
export function createBackendApps(
  { http, adminHttp, lobby }: Pick<BackendConfig, 'http' | 'adminHttp' | 'lobby'>,
  process: Pick<HttpAppOptions, 'log' | 'ready'>,
  backend: BackendContext,
  streams: StreamAdmin,
): { service: HttpApp; admin: HttpApp } {
  return {
    service: createBackendServiceApp({ ...http, ...process }, backend, lobbyUpstream(lobby)),
    admin: createBackendAdminApp({ ...adminHttp, ...process }, backend, streams),
  };
}
