import type { BackendContext } from '../../lib/backend/context.ts';
import { admitAdmin } from '../../lib/http/actor.ts';
import { createHttpApp, type HttpApp, type HttpAppOptions } from '../../lib/http/app.ts';
import type { StreamAdmin } from '../../lib/streams/admin.ts';
import { discardDeadLetterRoute } from '../streams/discard-dead-letter.ts';
import { listDeadLettersRoute } from '../streams/list-dead-letters.ts';
import { listStreamsRoute } from '../streams/list-streams.ts';
import { retryDeadLetterRoute } from '../streams/retry-dead-letter.ts';
import { blockUserRoute } from './admin/block-user.ts';
import { deleteUserRoute } from './admin/delete-user.ts';
import { getEntitlementsRoute } from './admin/get-entitlements.ts';
import { getUserRoute } from './admin/get-user.ts';
import { listUsersRoute } from './admin/list-users.ts';
import { revokeAnySessionRoute } from './admin/revoke-session.ts';
import { revokeUserSessionsRoute } from './admin/revoke-user-sessions.ts';
import { setEntitlementsRoute } from './admin/set-entitlements.ts';

/** The backend's admin listener: what admins do with users, their sessions and streams. */
export function createBackendAdminApp(
  options: HttpAppOptions,
  backend: BackendContext,
  streams: StreamAdmin,
): HttpApp {
  const app = createHttpApp(options);

  app.use('/api/v1/internal/*', admitAdmin);
  app.openapiRoutes([
    listUsersRoute(backend),
    getUserRoute(backend),
    blockUserRoute(backend),
    deleteUserRoute(backend),
    getEntitlementsRoute(backend),
    setEntitlementsRoute(backend),
    revokeUserSessionsRoute(backend),
    revokeAnySessionRoute(backend),

    listStreamsRoute(streams),
    listDeadLettersRoute(streams),
    retryDeadLetterRoute(streams),
    discardDeadLetterRoute(streams),
  ]);

  return app;
}
