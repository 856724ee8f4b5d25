import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { errorResponses, id, jsonResponse, noBody } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { openEnrollment } from '../../../lib/lobby/operations/open-enrollment.ts';
import { callerOf, gameMutationHeaders } from '../request.ts';
import { changeGame } from './change-game.ts';
import { gameSchema } from './game-response.ts';

export const openEnrollmentRoute = createRoute({
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

export function openEnrollmentHandler(lobby: Lobby): RouteHandler<typeof openEnrollmentRoute, HttpEnv> {
  return async (c) => {
    const caller = callerOf(c);
    const { game_id: gameId } = c.req.valid('param');
    const expectedRevision = c.req.valid('header')['If-Match'];
    return changeGame(c, lobby, () => openEnrollment(lobby, caller, { gameId, expectedRevision }));
  };
}
