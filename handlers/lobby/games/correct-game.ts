import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { correctGame } from '../../../lib/lobby/operations/correct-game.ts';
import { callerOf, gameMutationHeaders } from '../request.ts';
import { changeGame } from './change-game.ts';
import { boundedText, settingFields, toSettings } from './fields.ts';
import { gameSchema } from './game-response.ts';

const { game_name, description, turn_schedule, time_zone, turn_seconds, min_turn_seconds } = settingFields;
const { quiet_days, grace_seconds, early, options, target_engine_version } = settingFields;

const bodySchema = z
  .strictObject({
    game_name,
    description,
    turn_schedule,
    time_zone,
    turn_seconds,
    min_turn_seconds,
    quiet_days,
    grace_seconds,
    early,
    options,
    target_engine_version,
  })
  .partial()
  .extend({
    reason: boundedText(1, 500).openapi({ description: 'For the timeline, which the owner reads.' }),
  })
  .refine((body) => Object.keys(body).length > 1, 'name at least one field to change');

const route = createRoute({
  method: 'post',
  path: '/games/{game_id}/correct',
  operationId: 'correctGame',
  summary:
    'Corrects name, clock or engine of a game that is ready_to_start, start_failed or paused; for admins. A paused ' +
    'game gets another engine only before a turn was played, and is start_failed then, to be started again',
  tags: ['games'],
  request: {
    params: z.strictObject({ game_id: id }),
    headers: gameMutationHeaders,
    body: jsonBody(bodySchema),
  },
  responses: {
    200: jsonResponse(gameSchema, 'The game as it is now'),
    ...errorResponses('not_found', 'invalid_state', 'revision_mismatch', 'idempotency_conflict'),
  },
});

export const correctGameRoute = (lobby: Lobby) =>
  defineRoute(route, async (c) => {
    const caller = callerOf(c);
    const { game_id: gameId } = c.req.valid('param');
    const { reason, ...fields } = c.req.valid('json');
    const expectedRevision = c.req.valid('header')['If-Match'];
    return changeGame(c, lobby, () =>
      correctGame(lobby, caller, { gameId, expectedRevision }, { changes: toSettings(fields), reason }),
    );
  });
