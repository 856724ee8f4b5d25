import { OpenAPIHono } from '@hono/zod-openapi';
import { admitUser } from '../../lib/http/actor.ts';
import { createHttpApp, type HttpApp, type HttpAppOptions } from '../../lib/http/app.ts';
import type { HttpEnv } from '../../lib/http/env.ts';
import type { Lobby } from '../../lib/lobby/context.ts';
import { approveApplicationHandler, approveApplicationRoute } from './applications/approve-application.ts';
import { listApplicationsHandler, listApplicationsRoute } from './applications/list-applications.ts';
import { rejectApplicationHandler, rejectApplicationRoute } from './applications/reject-application.ts';
import { submitApplicationHandler, submitApplicationRoute } from './applications/submit-application.ts';
import { withdrawApplicationHandler, withdrawApplicationRoute } from './applications/withdraw-application.ts';
import { cancelGameHandler, cancelGameRoute } from './games/cancel-game.ts';
import { closeEnrollmentHandler, closeEnrollmentRoute } from './games/close-enrollment.ts';
import { createGameHandler, createGameRoute } from './games/create-game.ts';
import { getGameHandler, getGameRoute } from './games/get-game.ts';
import { getTimelineHandler, getTimelineRoute } from './games/get-timeline.ts';
import { listGamesHandler, listGamesRoute } from './games/list-games.ts';
import { openEnrollmentHandler, openEnrollmentRoute } from './games/open-enrollment.ts';
import { pauseGameHandler, pauseGameRoute } from './games/pause-game.ts';
import { resumeGameHandler, resumeGameRoute } from './games/resume-game.ts';
import { retryStartHandler, retryStartRoute } from './games/retry-start.ts';
import { startGameHandler, startGameRoute } from './games/start-game.ts';
import { updateGameHandler, updateGameRoute } from './games/update-game.ts';
import { createInviteHandler, createInviteRoute } from './invites/create-invite.ts';
import { declineInviteHandler, declineInviteRoute } from './invites/decline-invite.ts';
import { listInvitesHandler, listInvitesRoute } from './invites/list-invites.ts';
import { redeemInviteHandler, redeemInviteRoute } from './invites/redeem-invite.ts';
import { redeemInviteCodeHandler, redeemInviteCodeRoute } from './invites/redeem-invite-code.ts';
import { revokeInviteHandler, revokeInviteRoute } from './invites/revoke-invite.ts';
import { blockMemberHandler, blockMemberRoute } from './memberships/block-member.ts';
import { leaveGameHandler, leaveGameRoute } from './memberships/leave-game.ts';
import { listMembershipsHandler, listMembershipsRoute } from './memberships/list-memberships.ts';
import { removeMemberHandler, removeMemberRoute } from './memberships/remove-member.ts';
import { listMyApplicationsHandler, listMyApplicationsRoute } from './my/list-my-applications.ts';
import { listMyGamesHandler, listMyGamesRoute } from './my/list-my-games.ts';
import { listMyInvitesHandler, listMyInvitesRoute } from './my/list-my-invites.ts';
import { listMyRaceNamesHandler, listMyRaceNamesRoute } from './my/list-my-race-names.ts';
import { checkAvailabilityHandler, checkAvailabilityRoute } from './race-names/check-availability.ts';
import { registerRaceNameHandler, registerRaceNameRoute } from './race-names/register-race-name.ts';

const prefix = '/api/v1/lobby';

/** The lobby's public listener: what users do, each named by the gateway in `X-User-ID`. */
export function createLobbyPublicApp(options: HttpAppOptions, lobby: Lobby): HttpApp {
  const routes = new OpenAPIHono<HttpEnv>();
  routes.use(admitUser);

  routes.openapi(createGameRoute, createGameHandler(lobby));
  routes.openapi(listGamesRoute, listGamesHandler(lobby));
  routes.openapi(getGameRoute, getGameHandler(lobby));
  routes.openapi(updateGameRoute, updateGameHandler(lobby));
  routes.openapi(openEnrollmentRoute, openEnrollmentHandler(lobby));
  routes.openapi(closeEnrollmentRoute, closeEnrollmentHandler(lobby));
  routes.openapi(startGameRoute, startGameHandler(lobby));
  routes.openapi(retryStartRoute, retryStartHandler(lobby));
  routes.openapi(pauseGameRoute, pauseGameHandler(lobby));
  routes.openapi(resumeGameRoute, resumeGameHandler(lobby));
  routes.openapi(cancelGameRoute, cancelGameHandler(lobby));
  routes.openapi(getTimelineRoute, getTimelineHandler(lobby));

  routes.openapi(submitApplicationRoute, submitApplicationHandler(lobby));
  routes.openapi(listApplicationsRoute, listApplicationsHandler(lobby));
  routes.openapi(approveApplicationRoute, approveApplicationHandler(lobby));
  routes.openapi(rejectApplicationRoute, rejectApplicationHandler(lobby));
  routes.openapi(withdrawApplicationRoute, withdrawApplicationHandler(lobby));

  routes.openapi(createInviteRoute, createInviteHandler(lobby));
  routes.openapi(listInvitesRoute, listInvitesHandler(lobby));
  routes.openapi(revokeInviteRoute, revokeInviteHandler(lobby));
  routes.openapi(redeemInviteRoute, redeemInviteHandler(lobby));
  routes.openapi(declineInviteRoute, declineInviteHandler(lobby));
  routes.openapi(redeemInviteCodeRoute, redeemInviteCodeHandler(lobby));

  routes.openapi(listMembershipsRoute, listMembershipsHandler(lobby));
  routes.openapi(leaveGameRoute, leaveGameHandler(lobby));
  routes.openapi(removeMemberRoute, removeMemberHandler(lobby));
  routes.openapi(blockMemberRoute, blockMemberHandler(lobby));

  routes.openapi(checkAvailabilityRoute, checkAvailabilityHandler(lobby));
  routes.openapi(registerRaceNameRoute, registerRaceNameHandler(lobby));

  routes.openapi(listMyGamesRoute, listMyGamesHandler(lobby));
  routes.openapi(listMyApplicationsRoute, listMyApplicationsHandler(lobby));
  routes.openapi(listMyInvitesRoute, listMyInvitesHandler(lobby));
  routes.openapi(listMyRaceNamesRoute, listMyRaceNamesHandler(lobby));

  const app = createHttpApp(options);
  app.route(prefix, routes);
  return app;
}
