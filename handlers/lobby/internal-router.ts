import { OpenAPIHono } from '@hono/zod-openapi';
import { admitAdmin } from '../../lib/http/actor.ts';
import { createHttpApp, type HttpApp, type HttpAppOptions } from '../../lib/http/app.ts';
import type { HttpEnv } from '../../lib/http/env.ts';
import type { Lobby } from '../../lib/lobby/context.ts';
import { listDeadLettersHandler, listDeadLettersRoute } from '../streams/list-dead-letters.ts';
import { listStreamsHandler, listStreamsRoute } from '../streams/list-streams.ts';
import { approveApplicationHandler, approveApplicationRoute } from './applications/approve-application.ts';
import { listApplicationsHandler, listApplicationsRoute } from './applications/list-applications.ts';
import { rejectApplicationHandler, rejectApplicationRoute } from './applications/reject-application.ts';
import { discardDeadLetterHandler, discardDeadLetterRoute } from './dead-letters/discard-dead-letter.ts';
import { retryDeadLetterHandler, retryDeadLetterRoute } from './dead-letters/retry-dead-letter.ts';
import { readGameRoute, readGamesRoute, readMembershipsRoute } from './game-master-reads.ts';
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
import { listInvitesHandler, listInvitesRoute } from './invites/list-invites.ts';
import { revokeInviteHandler, revokeInviteRoute } from './invites/revoke-invite.ts';
import { blockMemberHandler, blockMemberRoute } from './memberships/block-member.ts';
import { listMembershipsHandler, listMembershipsRoute } from './memberships/list-memberships.ts';
import { removeMemberHandler, removeMemberRoute } from './memberships/remove-member.ts';
import { describeInternalApi, type OpenApiDocument } from './openapi.ts';
import { checkAvailabilityHandler, checkAvailabilityRoute } from './race-names/check-availability.ts';

const prefix = '/api/v1/internal';

/**
 * The lobby's internal listener: the public routes again, for the admin actor, but for those that are a person's own
 * business; what the Game Master reads; what operators do about streams; and what describes them all.
 */
export function createLobbyInternalApp(options: HttpAppOptions, lobby: Lobby): HttpApp {
  const routes = new OpenAPIHono<HttpEnv>();
  routes.use(admitAdmin);

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

  routes.openapi(listApplicationsRoute, listApplicationsHandler(lobby));
  routes.openapi(approveApplicationRoute, approveApplicationHandler(lobby));
  routes.openapi(rejectApplicationRoute, rejectApplicationHandler(lobby));

  routes.openapi(createInviteRoute, createInviteHandler(lobby));
  routes.openapi(listInvitesRoute, listInvitesHandler(lobby));
  routes.openapi(revokeInviteRoute, revokeInviteHandler(lobby));

  routes.openapi(listMembershipsRoute, listMembershipsHandler(lobby));
  routes.openapi(removeMemberRoute, removeMemberHandler(lobby));
  routes.openapi(blockMemberRoute, blockMemberHandler(lobby));

  routes.openapi(checkAvailabilityRoute, checkAvailabilityHandler(lobby));

  const gameMasterReads = new OpenAPIHono<HttpEnv>();
  gameMasterReads.use(admitAdmin);

  // It decides by what it reads, so nothing of that may be old.
  const upToDate: Lobby = { ...lobby, readFromReplica: (read) => read(lobby.db) };
  gameMasterReads.openapi(readGamesRoute, listGamesHandler(upToDate));
  gameMasterReads.openapi(readGameRoute, getGameHandler(upToDate));
  gameMasterReads.openapi(readMembershipsRoute, listMembershipsHandler(upToDate));

  const operations = new OpenAPIHono<HttpEnv>();
  operations.use(admitAdmin);

  operations.openapi(listStreamsRoute, listStreamsHandler(lobby.streams));
  operations.openapi(listDeadLettersRoute, listDeadLettersHandler(lobby.streams));
  operations.openapi(retryDeadLetterRoute, retryDeadLetterHandler(lobby));
  operations.openapi(discardDeadLetterRoute, discardDeadLetterHandler(lobby));

  const app = createHttpApp(options);
  app.route(`${prefix}/lobby`, routes);
  app.route(prefix, gameMasterReads);
  app.route('/', operations);
  // Made when somebody asks for it: it would take most of the time until the first answer of a process.
  let description: OpenApiDocument | undefined;
  app.get('/openapi.json', (c) => {
    description ??= describeInternalApi(app);
    return c.json(description);
  });
  return app;
}
