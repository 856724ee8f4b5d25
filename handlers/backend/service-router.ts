import type { BackendContext } from '../../lib/backend/context.ts';
import { admitUser } from '../../lib/http/actor.ts';
import { createHttpApp, type HttpApp, type HttpAppOptions } from '../../lib/http/app.ts';
import { requirePermission } from '../../lib/http/require-caller.ts';
import { getSessionRoute } from './internal/get-session.ts';
import { lobbyEligibilityRoute } from './internal/lobby-eligibility.ts';
import { recordSessionUseRoute } from './internal/record-session-use.ts';
import { type LobbyUpstream, passToLobby } from './lobby/pass-to-lobby.ts';
import { confirmEmailCodeRoute } from './public-auth/confirm-email-code.ts';
import { recoverRoute } from './public-auth/recover.ts';
import { sendEmailCodeRoute } from './public-auth/send-email-code.ts';
import { unsubscribeRoute } from './public-auth/unsubscribe.ts';
import { confirmEmailChangeRoute } from './user/confirm-email-change.ts';
import { countRecoveryCodesRoute } from './user/count-recovery-codes.ts';
import { createRecoveryCodesRoute } from './user/create-recovery-codes.ts';
import { deleteAccountRoute } from './user/delete-account.ts';
import { getAccountRoute } from './user/get-account.ts';
import { getMailOptOutsRoute } from './user/get-mail-opt-outs.ts';
import { listSessionsRoute } from './user/list-sessions.ts';
import { lookupPlayerRoute } from './user/lookup-player.ts';
import { revokeAllSessionsRoute } from './user/revoke-all-sessions.ts';
import { revokeSessionRoute } from './user/revoke-session.ts';
import { setMailOptOutsRoute } from './user/set-mail-opt-outs.ts';
import { startEmailChangeRoute } from './user/start-email-change.ts';
import { startRecoveryCodesRoute } from './user/start-recovery-codes.ts';
import { updateAccountRoute } from './user/update-account.ts';

/** The backend's service listener: what the gateway and the lobby request. */
export function createBackendServiceApp(
  options: HttpAppOptions,
  backend: BackendContext,
  lobby: LobbyUpstream | undefined,
): HttpApp {
  const app = createHttpApp({ ...options, quietPath: '/api/v1/internal/sessions/' });

  app.use('/api/v1/public/*', requirePermission('users.sign_in'));
  app.openapiRoutes([
    sendEmailCodeRoute(backend),
    confirmEmailCodeRoute(backend),
    recoverRoute(backend),
    unsubscribeRoute(backend),
  ]);

  app.use('/api/v1/internal/sessions/*', requirePermission('sessions.use'));
  app.openapiRoutes([getSessionRoute(backend), recordSessionUseRoute(backend)]);

  app.use('/api/v1/internal/users/*', requirePermission('users.eligibility'));
  app.openapiRoutes([lobbyEligibilityRoute(backend)]);

  app.use('/api/v1/user/*', admitUser);
  app.openapiRoutes([
    getAccountRoute(backend),
    updateAccountRoute(backend),
    deleteAccountRoute(backend),
    lookupPlayerRoute(backend),
    listSessionsRoute(backend),
    revokeSessionRoute(backend),
    revokeAllSessionsRoute(backend),
    startEmailChangeRoute(backend),
    confirmEmailChangeRoute(backend),
    countRecoveryCodesRoute(backend),
    startRecoveryCodesRoute(backend),
    createRecoveryCodesRoute(backend),
    getMailOptOutsRoute(backend),
    setMailOptOutsRoute(backend),
  ]);

  if (lobby !== undefined) {
    app.all('/api/v1/lobby/*', requirePermission('users.act'), passToLobby(lobby));
  }
  return app;
}
