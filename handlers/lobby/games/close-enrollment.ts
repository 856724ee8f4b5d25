import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { errorAnswers, id, jsonAnswer, noBody } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { closeEnrollment } from '../../../lib/lobby/operations/close-enrollment.ts';
import { callerOf, gameMutationHeaders } from '../request.ts';
import { answerGame } from './answer-game.ts';
import { gameSchema } from './game-answer.ts';

export const closeEnrollmentRoute = createRoute({
  method: 'post',
  path: '/games/{game_id}/close-enrollment',
  operationId: 'closeEnrollment',
  summary: 'Ends enrollment once min_players are in; for the owner and admins',
  tags: ['games'],
  request: { params: z.strictObject({ game_id: id }), headers: gameMutationHeaders, body: noBody },
  responses: {
    200: jsonAnswer(gameSchema, 'The game, ready to start'),
    ...errorAnswers('not_found', 'forbidden', 'invalid_state', 'revision_mismatch', 'idempotency_conflict'),
  },
});

export function closeEnrollmentHandler(lobby: Lobby): RouteHandler<typeof closeEnrollmentRoute, HttpEnv> {
  return async (c) => {
    const caller = callerOf(c);
    const { game_id: gameId } = c.req.valid('param');
    const expectedRevision = c.req.valid('header')['If-Match'];
    return answerGame(c, lobby, () => closeEnrollment(lobby, caller, { gameId, expectedRevision }));
  };
}
