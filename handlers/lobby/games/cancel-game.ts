import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { errorResponses, id, jsonResponse, noBody } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { cancelGame } from '../../../lib/lobby/operations/cancel-game.ts';
import { callerOf, gameMutationHeaders } from '../request.ts';
import { changeGame } from './change-game.ts';
import { gameSchema } from './game-response.ts';

export const cancelGameRoute = createRoute({
  method: 'post',
  path: '/games/{game_id}/cancel',
  operationId: 'cancelGame',
  summary: 'Calls a game off for good; for the owner and admins, once it runs for admins only',
  tags: ['games'],
  request: { params: z.strictObject({ game_id: id }), headers: gameMutationHeaders, body: noBody },
  responses: {
    200: jsonResponse(gameSchema, 'The game, cancelled'),
    ...errorResponses('not_found', 'forbidden', 'invalid_state', 'revision_mismatch', 'idempotency_conflict'),
  },
});

export function cancelGameHandler(lobby: Lobby): RouteHandler<typeof cancelGameRoute, HttpEnv> {
  return async (c) => {
    const caller = callerOf(c);
    const { game_id: gameId } = c.req.valid('param');
    const expectedRevision = c.req.valid('header')['If-Match'];
    return changeGame(c, lobby, () => cancelGame(lobby, caller, { gameId, expectedRevision }));
  };
}
