import type { BackendContext } from '../../lib/backend/context.ts';
import { admitUser } from '../../lib/http/actor.ts';
import { createHttpApp, type HttpApp, type HttpAppOptions } from '../../lib/http/app.ts';
import { getSessionHandler, getSessionRoute } from './internal/get-session.ts';
import { lobbyEligibilityHandler, lobbyEligibilityRoute } from './internal/lobby-eligibility.ts';
import { type LobbyUpstream, passToLobby } from './lobby/pass-to-lobby.ts';
import { confirmEmailCodeHandler, confirmEmailCodeRoute } from './public-auth/confirm-email-code.ts';
import { sendEmailCodeHandler, sendEmailCodeRoute } from './public-auth/send-email-code.ts';
import { deleteAccountHandler, deleteAccountRoute } from './user/delete-account.ts';
import { getAccountHandler, getAccountRoute } from './user/get-account.ts';
import { listSessionsHandler, listSessionsRoute } from './user/list-sessions.ts';
import { lookupPlayerHandler, lookupPlayerRoute } from './user/lookup-player.ts';
import { revokeAllSessionsHandler, revokeAllSessionsRoute } from './user/revoke-all-sessions.ts';
import { revokeSessionHandler, revokeSessionRoute } from './user/revoke-session.ts';
import { updateAccountHandler, updateAccountRoute } from './user/update-account.ts';

/** The backend's service listener: what the gateway and the lobby ask. */
export function createBackendServiceApp(
  options: HttpAppOptions,
  backend: BackendContext,
  lobby: LobbyUpstream | undefined,
): HttpApp {
  const app = createHttpApp({ ...options, quietPath: '/api/v1/internal/sessions/' });

  app.openapi(sendEmailCodeRoute, sendEmailCodeHandler(backend));
  app.openapi(confirmEmailCodeRoute, confirmEmailCodeHandler(backend));

  app.openapi(getSessionRoute, getSessionHandler(backend));
  app.openapi(lobbyEligibilityRoute, lobbyEligibilityHandler(backend));

  app.use('/api/v1/user/*', admitUser);
  app.openapi(getAccountRoute, getAccountHandler(backend));
  app.openapi(updateAccountRoute, updateAccountHandler(backend));
  app.openapi(deleteAccountRoute, deleteAccountHandler(backend));
  app.openapi(lookupPlayerRoute, lookupPlayerHandler(backend));
  app.openapi(listSessionsRoute, listSessionsHandler(backend));
  app.openapi(revokeSessionRoute, revokeSessionHandler(backend));
  app.openapi(revokeAllSessionsRoute, revokeAllSessionsHandler(backend));

  if (lobby !== undefined) app.all('/api/v1/lobby/*', passToLobby(lobby));
  return app;
}
