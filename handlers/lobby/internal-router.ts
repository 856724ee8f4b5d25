import { OpenAPIHono } from '@hono/zod-openapi';
import { createHttpApp, type HttpApp } from '../../lib/http/app.ts';
import type { HttpEnv } from '../../lib/http/env.ts';
import type { OpenApiDocument } from '../../lib/http/openapi.ts';
import {
  createOperatorAccess,
  type InternalAppOptions,
  mountInternalRoutes,
} from '../../lib/http/operator-access.ts';
import type { Lobby } from '../../lib/lobby/context.ts';
import { listAuditEntriesRoute } from '../audit/list-audit-entries.ts';
import { getOutboxRoute } from '../streams/get-outbox.ts';
import { listDeadLettersRoute } from '../streams/list-dead-letters.ts';
import { listParkedKeysRoute } from '../streams/list-parked-keys.ts';
import { listStreamsRoute } from '../streams/list-streams.ts';
import { approveApplicationRoute } from './applications/approve-application.ts';
import { listApplicationsRoute } from './applications/list-applications.ts';
import { rejectApplicationRoute } from './applications/reject-application.ts';
import { discardDeadLetterRoute } from './dead-letters/discard-dead-letter.ts';
import { retryDeadLetterRoute } from './dead-letters/retry-dead-letter.ts';
import { listEnginesRoute } from './engines/list-engines.ts';
import { readAccessRoute } from './game-master/read-access.ts';
import { readGameRoute } from './game-master/read-game.ts';
import { readGamesRoute } from './game-master/read-games.ts';
import { readMembershipsRoute } from './game-master/read-memberships.ts';
import { readStandingRoute } from './game-master/read-standing.ts';
import { cancelGameRoute } from './games/cancel-game.ts';
import { closeEnrollmentRoute } from './games/close-enrollment.ts';
import { correctGameRoute } from './games/correct-game.ts';
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
import { listInvitesRoute } from './invites/list-invites.ts';
import { revokeInviteRoute } from './invites/revoke-invite.ts';
import { blockMemberRoute } from './memberships/block-member.ts';
import { listMembershipsRoute } from './memberships/list-memberships.ts';
import { removeMemberRoute } from './memberships/remove-member.ts';
import { unblockMemberRoute } from './memberships/unblock-member.ts';
import { describeInternalApi } from './openapi.ts';
import { countGamesRoute } from './operators/count-games.ts';
import { giveBackRaceNameRoute } from './operators/give-back-race-name.ts';
import { listUserGamesRoute } from './operators/list-user-games.ts';
import { listUserRaceNamesRoute } from './operators/list-user-race-names.ts';
import { listWithheldRaceNamesRoute } from './operators/list-withheld-race-names.ts';
import { lookUpRaceNameRoute } from './operators/look-up-race-name.ts';
import { previewRemovalRoute } from './operators/preview-removal.ts';
import { releaseRaceNameRoute } from './operators/release-race-name.ts';
import { renameRaceNameRoute } from './operators/rename-race-name.ts';
import { searchGamesRoute } from './operators/search-games.ts';
import { withholdRaceNameRoute } from './operators/withhold-race-name.ts';
import { checkAvailabilityRoute } from './race-names/check-availability.ts';

const prefix = '/api/v1/internal';

/**
 * The lobby's internal listener: the public routes for the admin actor, except those that only a user has a use for;
 * what only operators do; the reads of the Game Master; the streams, for operators; and the OpenAPI document.
 */
export function createLobbyInternalApp(options: InternalAppOptions, lobby: Lobby): HttpApp {
  const access = createOperatorAccess('lobby', options);
  const routes = new OpenAPIHono<HttpEnv>();
  mountInternalRoutes(routes, access, [
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
    correctGameRoute(lobby),
    getTimelineRoute(lobby),
    previewClockRoute(lobby),

    listApplicationsRoute(lobby),
    approveApplicationRoute(lobby),
    rejectApplicationRoute(lobby),

    createInviteRoute(lobby),
    listInvitesRoute(lobby),
    revokeInviteRoute(lobby),

    listMembershipsRoute(lobby),
    removeMemberRoute(lobby),
    blockMemberRoute(lobby),
    unblockMemberRoute(lobby),

    checkAvailabilityRoute(lobby),

    listUserGamesRoute(lobby),
    searchGamesRoute(lobby),
    countGamesRoute(lobby),
    previewRemovalRoute(lobby),
    lookUpRaceNameRoute(lobby),
    listUserRaceNamesRoute(lobby),
    releaseRaceNameRoute(lobby),
    renameRaceNameRoute(lobby),
    listWithheldRaceNamesRoute(lobby),
    withholdRaceNameRoute(lobby),
    giveBackRaceNameRoute(lobby),
  ]);

  const gameMasterReads = new OpenAPIHono<HttpEnv>();
  // The Game Master decides by what it reads, so it must not read stale data.
  const upToDate: Lobby = { ...lobby, readFromReplica: (read) => read(lobby.db) };
  mountInternalRoutes(gameMasterReads, access, [
    readGamesRoute(upToDate),
    readGameRoute(upToDate),
    readMembershipsRoute(upToDate),
    readStandingRoute(lobby),
    readAccessRoute(lobby),
  ]);

  const operations = new OpenAPIHono<HttpEnv>();
  mountInternalRoutes(operations, access, [
    listStreamsRoute(lobby.streams),
    getOutboxRoute(lobby.streams),
    listParkedKeysRoute(lobby.streams),
    listDeadLettersRoute(lobby.streams),
    retryDeadLetterRoute(lobby),
    discardDeadLetterRoute(lobby),
    listAuditEntriesRoute(lobby.streams),
  ]);

  const app = createHttpApp(options);
  app.route(`${prefix}/lobby`, routes);
  app.route(prefix, gameMasterReads);
  app.route('/', operations);
  // Built at the first request for it: at start it would take most of the time until the first response.
  let description: OpenApiDocument | undefined;
  app.get('/openapi.json', (c) => {
    description ??= describeInternalApi(app);
    return c.json(description);
  });
  return app;
}
