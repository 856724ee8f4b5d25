import type { BackendContext } from '../../lib/backend/context.ts';
import { admitAdmin } from '../../lib/http/actor.ts';
import { createHttpApp, type HttpApp, type HttpAppOptions } from '../../lib/http/app.ts';
import type { StreamAdmin } from '../../lib/streams/admin.ts';
import { discardDeadLetterHandler, discardDeadLetterRoute } from '../streams/discard-dead-letter.ts';
import { listDeadLettersHandler, listDeadLettersRoute } from '../streams/list-dead-letters.ts';
import { listStreamsHandler, listStreamsRoute } from '../streams/list-streams.ts';
import { retryDeadLetterHandler, retryDeadLetterRoute } from '../streams/retry-dead-letter.ts';
import { blockUserHandler, blockUserRoute } from './admin/block-user.ts';
import { deleteUserHandler, deleteUserRoute } from './admin/delete-user.ts';
import { getEntitlementsHandler, getEntitlementsRoute } from './admin/get-entitlements.ts';
import { getUserHandler, getUserRoute } from './admin/get-user.ts';
import { listUsersHandler, listUsersRoute } from './admin/list-users.ts';
import { revokeAnySessionHandler, revokeAnySessionRoute } from './admin/revoke-session.ts';
import { revokeUserSessionsHandler, revokeUserSessionsRoute } from './admin/revoke-user-sessions.ts';
import { setEntitlementsHandler, setEntitlementsRoute } from './admin/set-entitlements.ts';

/** The backend's admin listener: what those who run the platform do to users, their sessions and streams. */
export function createBackendAdminApp(
  options: HttpAppOptions,
  backend: BackendContext,
  streams: StreamAdmin,
): HttpApp {
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

  app.openapi(listStreamsRoute, listStreamsHandler(streams));
  app.openapi(listDeadLettersRoute, listDeadLettersHandler(streams));
  app.openapi(retryDeadLetterRoute, retryDeadLetterHandler(streams));
  app.openapi(discardDeadLetterRoute, discardDeadLetterHandler(streams));

  return app;
}
