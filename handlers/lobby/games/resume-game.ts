import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { errorAnswers, id, jsonAnswer, noBody } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { resumeGame } from '../../../lib/lobby/operations/resume-game.ts';
import { callerOf, gameMutationHeaders } from '../request.ts';
import { answerGame } from './answer-game.ts';
import { gameSchema } from './game-answer.ts';

export const resumeGameRoute = createRoute({
  method: 'post',
  path: '/games/{game_id}/resume',
  operationId: 'resumeGame',
  summary: 'Lets a paused game run again, if the Game Master is alive; for the owner and admins',
  tags: ['games'],
  request: { params: z.strictObject({ game_id: id }), headers: gameMutationHeaders, body: noBody },
  responses: {
    200: jsonAnswer(gameSchema, 'The game, running'),
    ...errorAnswers(
      'not_found',
      'forbidden',
      'invalid_state',
      'revision_mismatch',
      'service_unavailable',
      'idempotency_conflict',
    ),
  },
});

export function resumeGameHandler(lobby: Lobby): RouteHandler<typeof resumeGameRoute, HttpEnv> {
  return async (c) => {
    const caller = callerOf(c);
    const { game_id: gameId } = c.req.valid('param');
    const expectedRevision = c.req.valid('header')['If-Match'];
    return answerGame(c, lobby, () => resumeGame(lobby, caller, { gameId, expectedRevision }));
  };
}
