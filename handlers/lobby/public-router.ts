import { OpenAPIHono } from '@hono/zod-openapi';
import { admitUser } from '../../lib/http/actor.ts';
import { createHttpApp, type HttpApp, type HttpAppOptions } from '../../lib/http/app.ts';
import type { HttpEnv } from '../../lib/http/env.ts';
import type { Lobby } from '../../lib/lobby/context.ts';
import { approveApplicationRoute } from './applications/approve-application.ts';
import { listApplicationsRoute } from './applications/list-applications.ts';
import { rejectApplicationRoute } from './applications/reject-application.ts';
import { submitApplicationRoute } from './applications/submit-application.ts';
import { withdrawApplicationRoute } from './applications/withdraw-application.ts';
import { listEnginesRoute } from './engines/list-engines.ts';
import { cancelGameRoute } from './games/cancel-game.ts';
import { closeEnrollmentRoute } from './games/close-enrollment.ts';
import { createGameRoute } from './games/create-game.ts';
import { getGameRoute } from './games/get-game.ts';
import { getTimelineRoute } from './games/get-timeline.ts';
import { listGamesRoute } from './games/list-games.ts';
import { openEnrollmentRoute } from './games/open-enrollment.ts';
import { pauseGameRoute } from './games/pause-game.ts';
import { previewClockRoute } from './games/preview-clock.ts';
import { reopenEnrollmentRoute } from './games/reopen-enrollment.ts';
import { resumeGameRoute } from './games/resume-game.ts';
import { retryStartRoute } from './games/retry-start.ts';
import { startGameRoute } from './games/start-game.ts';
import { updateGameRoute } from './games/update-game.ts';
import { createInviteRoute } from './invites/create-invite.ts';
import { declineInviteRoute } from './invites/decline-invite.ts';
import { listInvitesRoute } from './invites/list-invites.ts';
import { redeemInviteRoute } from './invites/redeem-invite.ts';
import { redeemInviteCodeRoute } from './invites/redeem-invite-code.ts';
import { revokeInviteRoute } from './invites/revoke-invite.ts';
import { blockMemberRoute } from './memberships/block-member.ts';
import { leaveGameRoute } from './memberships/leave-game.ts';
import { listMembershipsRoute } from './memberships/list-memberships.ts';
import { removeMemberRoute } from './memberships/remove-member.ts';
import { unblockMemberRoute } from './memberships/unblock-member.ts';
import { listMyApplicationsRoute } from './my/list-my-applications.ts';
import { listMyGamesRoute } from './my/list-my-games.ts';
import { listMyInvitesRoute } from './my/list-my-invites.ts';
import { listMyRaceNamesRoute } from './my/list-my-race-names.ts';
import { checkAvailabilityRoute } from './race-names/check-availability.ts';
import { registerRaceNameRoute } from './race-names/register-race-name.ts';

const prefix = '/api/v1/lobby';

/** The lobby's public listener: what users do, each named by the gateway in `X-User-ID`. */
export function createLobbyPublicApp(options: HttpAppOptions, lobby: Lobby): HttpApp {
  const routes = new OpenAPIHono<HttpEnv>();
  routes.use(admitUser);

  routes.openapiRoutes([
    listEnginesRoute(lobby),

    createGameRoute(lobby),
    listGamesRoute(lobby),
    getGameRoute(lobby),
    updateGameRoute(lobby),
    openEnrollmentRoute(lobby),
    closeEnrollmentRoute(lobby),
    reopenEnrollmentRoute(lobby),
    startGameRoute(lobby),
    retryStartRoute(lobby),
    pauseGameRoute(lobby),
    resumeGameRoute(lobby),
    cancelGameRoute(lobby),
    getTimelineRoute(lobby),
    previewClockRoute(lobby),

    submitApplicationRoute(lobby),
    listApplicationsRoute(lobby),
    approveApplicationRoute(lobby),
    rejectApplicationRoute(lobby),
    withdrawApplicationRoute(lobby),

    createInviteRoute(lobby),
    listInvitesRoute(lobby),
    revokeInviteRoute(lobby),
    redeemInviteRoute(lobby),
    declineInviteRoute(lobby),
    redeemInviteCodeRoute(lobby),

    listMembershipsRoute(lobby),
    leaveGameRoute(lobby),
    removeMemberRoute(lobby),
    blockMemberRoute(lobby),
    unblockMemberRoute(lobby),

    checkAvailabilityRoute(lobby),
    registerRaceNameRoute(lobby),

    listMyGamesRoute(lobby),
    listMyApplicationsRoute(lobby),
    listMyInvitesRoute(lobby),
    listMyRaceNamesRoute(lobby),
  ]);

  const app = createHttpApp(options);
  app.route(prefix, routes);
  return app;
}
