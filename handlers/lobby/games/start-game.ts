import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { errorAnswers, id, jsonAnswer, noBody } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { startGame } from '../../../lib/lobby/operations/start-game.ts';
import { callerOf, gameMutationHeaders } from '../request.ts';
import { answerGame } from './answer-game.ts';
import { gameSchema } from './game-answer.ts';

export const startGameRoute = createRoute({
  method: 'post',
  path: '/games/{game_id}/start',
  operationId: 'startGame',
  summary: 'Starts a game that is ready; for the owner and admins',
  tags: ['games'],
  request: { params: z.strictObject({ game_id: id }), headers: gameMutationHeaders, body: noBody },
  responses: {
    200: jsonAnswer(gameSchema, 'The game, starting'),
    ...errorAnswers('not_found', 'forbidden', 'invalid_state', 'revision_mismatch', 'idempotency_conflict'),
  },
});

export function startGameHandler(lobby: Lobby): RouteHandler<typeof startGameRoute, HttpEnv> {
  return async (c) => {
    const caller = callerOf(c);
    const { game_id: gameId } = c.req.valid('param');
    const expectedRevision = c.req.valid('header')['If-Match'];
    return answerGame(c, lobby, () => startGame(lobby, caller, { gameId, expectedRevision }));
  };
}
