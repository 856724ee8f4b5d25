import type { BackendContext } from '../../lib/backend/context.ts';
import { createHttpApp, type HttpApp } from '../../lib/http/app.ts';
import {
  createOperatorAccess,
  type InternalAppOptions,
  mountInternalRoutes,
} from '../../lib/http/operator-access.ts';
import type { StreamAdmin } from '../../lib/streams/admin.ts';
import { listAuditEntriesRoute } from '../audit/list-audit-entries.ts';
import { discardDeadLetterRoute } from '../streams/discard-dead-letter.ts';
import { getOutboxRoute } from '../streams/get-outbox.ts';
import { listDeadLettersRoute } from '../streams/list-dead-letters.ts';
import { listParkedKeysRoute } from '../streams/list-parked-keys.ts';
import { listStreamsRoute } from '../streams/list-streams.ts';
import { retryDeadLetterRoute } from '../streams/retry-dead-letter.ts';
import { blockUserRoute } from './admin/block-user.ts';
import { countActivePlayersRoute } from './admin/count-active-players.ts';
import { deleteUserRoute } from './admin/delete-user.ts';
import { getEntitlementsRoute } from './admin/get-entitlements.ts';
import { getUserRoute } from './admin/get-user.ts';
import { listUserMailsRoute } from './admin/list-user-mails.ts';
import { listUserSessionsRoute } from './admin/list-user-sessions.ts';
import { listUsersRoute } from './admin/list-users.ts';
import { previewRemovalRoute } from './admin/preview-removal.ts';
import { revokeAnySessionRoute } from './admin/revoke-session.ts';
import { revokeUserSessionsRoute } from './admin/revoke-user-sessions.ts';
import { setEntitlementsRoute } from './admin/set-entitlements.ts';
import { addOperatorRoute } from './operators/add-operator.ts';
import { beginEnrolmentRoute } from './operators/begin-enrolment.ts';
import { beginOidcSignInRoute } from './operators/begin-oidc-sign-in.ts';
import { beginSignInRoute } from './operators/begin-sign-in.ts';
import { disableOperatorRoute } from './operators/disable-operator.ts';
import { endSessionRoute } from './operators/end-session.ts';
import { findSessionRoute } from './operators/find-session.ts';
import { finishEnrolmentRoute } from './operators/finish-enrolment.ts';
import { finishOidcSignInRoute } from './operators/finish-oidc-sign-in.ts';
import { finishSignInRoute } from './operators/finish-sign-in.ts';
import { listOperatorsRoute } from './operators/list-operators.ts';
import { listSignInMethodsRoute } from './operators/list-sign-in-methods.ts';
import { redeemLinkRoute } from './operators/redeem-link.ts';
import { resetOperatorRoute } from './operators/reset-operator.ts';
import { setRolesRoute } from './operators/set-roles.ts';

/** The backend's admin listener: what operators do with users, their sessions, streams and each other. */
export function createBackendAdminApp(
  options: InternalAppOptions,
  backend: BackendContext,
  streams: StreamAdmin,
): HttpApp {
  const app = createHttpApp(options);

  mountInternalRoutes(app, createOperatorAccess('backend', options), [
    countActivePlayersRoute(backend),
    listUsersRoute(backend),
    getUserRoute(backend),
    blockUserRoute(backend),
    deleteUserRoute(backend),
    getEntitlementsRoute(backend),
    setEntitlementsRoute(backend),
    previewRemovalRoute(backend),
    listUserSessionsRoute(backend),
    listUserMailsRoute(backend),
    revokeUserSessionsRoute(backend),
    revokeAnySessionRoute(backend),

    beginEnrolmentRoute(backend),
    finishEnrolmentRoute(backend),
    beginSignInRoute(backend),
    finishSignInRoute(backend),
    listSignInMethodsRoute(backend),
    beginOidcSignInRoute(backend),
    finishOidcSignInRoute(backend),
    redeemLinkRoute(backend),
    findSessionRoute(backend),
    endSessionRoute(backend),
    listOperatorsRoute(backend),
    addOperatorRoute(backend),
    resetOperatorRoute(backend),
    disableOperatorRoute(backend),
    setRolesRoute(backend),

    listStreamsRoute(streams),
    getOutboxRoute(streams),
    listParkedKeysRoute(streams),
    listDeadLettersRoute(streams),
    retryDeadLetterRoute(streams),
    discardDeadLetterRoute(streams),
    listAuditEntriesRoute(streams),
  ]);

  return app;
}
