import type { BackendContext } from '../../lib/backend/context.ts';
import { admitAdmin } from '../../lib/http/actor.ts';
import { createHttpApp, type HttpApp, type HttpAppOptions } from '../../lib/http/app.ts';
import { blockUserHandler, blockUserRoute } from './admin/block-user.ts';
import { getUserHandler, getUserRoute } from './admin/get-user.ts';
import { revokeAnySessionHandler, revokeAnySessionRoute } from './admin/revoke-session.ts';
import { revokeUserSessionsHandler, revokeUserSessionsRoute } from './admin/revoke-user-sessions.ts';

/** The backend's admin listener: what those who run the platform do to users and their sessions. */
export function createBackendAdminApp(options: HttpAppOptions, backend: BackendContext): HttpApp {
  const app = createHttpApp(options);

  app.use('/api/v1/internal/*', admitAdmin);
  app.openapi(getUserRoute, getUserHandler(backend));
  app.openapi(blockUserRoute, blockUserHandler(backend));
  app.openapi(revokeUserSessionsRoute, revokeUserSessionsHandler(backend));
  app.openapi(revokeAnySessionRoute, revokeAnySessionHandler(backend));

  return app;
}
