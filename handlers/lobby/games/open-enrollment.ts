import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noBody } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { openEnrollment } from '../../../lib/lobby/operations/open-enrollment.ts';
import { callerOf, gameMutationHeaders } from '../request.ts';
import { changeGame } from './change-game.ts';
import { gameSchema } from './game-response.ts';

const route = createRoute({
  method: 'post',
  path: '/games/{game_id}/open-enrollment',
  operationId: 'openEnrollment',
  summary: 'Publishes a draft: players may apply; for the owner and admins',
  tags: ['games'],
  request: { params: z.strictObject({ game_id: id }), headers: gameMutationHeaders, body: noBody },
  responses: {
    200: jsonResponse(gameSchema, 'The game, open'),
    ...errorResponses('not_found', 'forbidden', 'invalid_state', 'revision_mismatch', 'idempotency_conflict'),
  },
});

export const openEnrollmentRoute = (lobby: Lobby) =>
  defineRoute(route, async (c) => {
    const caller = callerOf(c);
    const { game_id: gameId } = c.req.valid('param');
    const expectedRevision = c.req.valid('header')['If-Match'];
    return changeGame(c, lobby, () => openEnrollment(lobby, caller, { gameId, expectedRevision }));
  });
