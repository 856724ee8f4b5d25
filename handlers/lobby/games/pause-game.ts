import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { errorAnswers, id, jsonAnswer, noBody } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { pauseGame } from '../../../lib/lobby/operations/pause-game.ts';
import { callerOf, gameMutationHeaders } from '../request.ts';
import { answerGame } from './answer-game.ts';
import { gameSchema } from './game-answer.ts';

export const pauseGameRoute = createRoute({
  method: 'post',
  path: '/games/{game_id}/pause',
  operationId: 'pauseGame',
  summary: 'Pauses a running game; for the owner and admins',
  tags: ['games'],
  request: { params: z.strictObject({ game_id: id }), headers: gameMutationHeaders, body: noBody },
  responses: {
    200: jsonAnswer(gameSchema, 'The game, paused'),
    ...errorAnswers('not_found', 'forbidden', 'invalid_state', 'revision_mismatch', 'idempotency_conflict'),
  },
});

export function pauseGameHandler(lobby: Lobby): RouteHandler<typeof pauseGameRoute, HttpEnv> {
  return async (c) => {
    const caller = callerOf(c);
    const { game_id: gameId } = c.req.valid('param');
    const expectedRevision = c.req.valid('header')['If-Match'];
    return answerGame(c, lobby, () => pauseGame(lobby, caller, { gameId, expectedRevision }));
  };
}
