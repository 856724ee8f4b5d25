import type { BackendContext } from '../../lib/backend/context.ts';
import { admitAdmin } from '../../lib/http/actor.ts';
import { createHttpApp, type HttpApp, type HttpAppOptions } from '../../lib/http/app.ts';
import { blockUserHandler, blockUserRoute } from './admin/block-user.ts';
import { deleteUserHandler, deleteUserRoute } from './admin/delete-user.ts';
import { getEntitlementsHandler, getEntitlementsRoute } from './admin/get-entitlements.ts';
import { getUserHandler, getUserRoute } from './admin/get-user.ts';
import { listUsersHandler, listUsersRoute } from './admin/list-users.ts';
import { revokeAnySessionHandler, revokeAnySessionRoute } from './admin/revoke-session.ts';
import { revokeUserSessionsHandler, revokeUserSessionsRoute } from './admin/revoke-user-sessions.ts';
import { setEntitlementsHandler, setEntitlementsRoute } from './admin/set-entitlements.ts';

/** The backend's admin listener: what those who run the platform do to users and their sessions. */
export function createBackendAdminApp(options: HttpAppOptions, backend: BackendContext): HttpApp {
  const app = createHttpApp(options);

  app.use('/api/v1/internal/*', admitAdmin);
  app.openapi(listUsersRoute, listUsersHandler(backend));
  app.openapi(getUserRoute, getUserHandler(backend));
  app.openapi(blockUserRoute, blockUserHandler(backend));
  app.openapi(deleteUserRoute, deleteUserHandler(backend));
  app.openapi(getEntitlementsRoute, getEntitlementsHandler(backend));
  app.openapi(setEntitlementsRoute, setEntitlementsHandler(backend));
  app.openapi(revokeUserSessionsRoute, revokeUserSessionsHandler(backend));
  app.openapi(revokeAnySessionRoute, revokeAnySessionHandler(backend));

  return app;
}
