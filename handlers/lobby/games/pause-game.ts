import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noBody } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { pauseGame } from '../../../lib/lobby/operations/pause-game.ts';
import { callerOf, gameMutationHeaders } from '../request.ts';
import { changeGame } from './change-game.ts';
import { gameSchema } from './game-response.ts';

const route = createRoute({
  method: 'post',
  path: '/games/{game_id}/pause',
  operationId: 'pauseGame',
  summary: 'Pauses a running game; for the owner and admins',
  tags: ['games'],
  request: { params: z.strictObject({ game_id: id }), headers: gameMutationHeaders, body: noBody },
  responses: {
    200: jsonResponse(gameSchema, 'The game, paused'),
    ...errorResponses(
      'not_found',
      'forbidden',
      'invalid_state',
      'revision_mismatch',
      'rate_limited',
      'idempotency_conflict',
    ),
  },
});

export const pauseGameRoute = (lobby: Lobby) =>
  defineRoute(route, async (c) => {
    const caller = callerOf(c);
    const { game_id: gameId } = c.req.valid('param');
    const expectedRevision = c.req.valid('header')['If-Match'];
    return changeGame(c, lobby, () => pauseGame(lobby, caller, { gameId, expectedRevision }));
  });
