import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { reopenEnrollment } from '../../../lib/lobby/operations/reopen-enrollment.ts';
import { callerOf, gameMutationHeaders } from '../request.ts';
import { changeGame } from './change-game.ts';
import { settingFields } from './fields.ts';
import { gameSchema } from './game-response.ts';

const bodySchema = z.strictObject({
  enrollment_ends_at: settingFields.enrollment_ends_at.optional().openapi({
    description: 'The new deadline; needed unless that of the game lies ahead.',
  }),
});

const route = createRoute({
  method: 'post',
  path: '/games/{game_id}/reopen-enrollment',
  operationId: 'reopenEnrollment',
  summary: 'Takes players again for a game that was to be started; for the owner and admins',
  tags: ['games'],
  request: {
    params: z.strictObject({ game_id: id }),
    headers: gameMutationHeaders,
    body: jsonBody(bodySchema),
  },
  responses: {
    200: jsonResponse(gameSchema, 'The game, open'),
    ...errorResponses(
      'not_found',
      'forbidden',
      'invalid_state',
      'game_full',
      'revision_mismatch',
      'idempotency_conflict',
    ),
  },
});

export const reopenEnrollmentRoute = (lobby: Lobby) =>
  defineRoute(route, async (c) => {
    const caller = callerOf(c);
    const { game_id: gameId } = c.req.valid('param');
    const { enrollment_ends_at: until } = c.req.valid('json');
    const expectedRevision = c.req.valid('header')['If-Match'];
    return changeGame(c, lobby, () => reopenEnrollment(lobby, caller, { gameId, expectedRevision }, until));
  });
