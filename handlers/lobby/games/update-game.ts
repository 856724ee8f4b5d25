import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { updateGame } from '../../../lib/lobby/operations/update-game.ts';
import { callerOf, gameMutationHeaders } from '../request.ts';
import { changeGame } from './change-game.ts';
import { settingFields, toSettings } from './fields.ts';
import { gameSchema } from './game-response.ts';

const bodySchema = z
  .strictObject(settingFields)
  .partial()
  .refine((body) => Object.keys(body).length > 0, 'name at least one field to change')
  .openapi({ minProperties: 1 });

const route = createRoute({
  method: 'patch',
  path: '/games/{game_id}',
  operationId: 'updateGame',
  summary:
    'Changes the given fields: any of a draft, where turn_schedule and turn_seconds replace each other; during ' +
    'enrollment name, description and a later deadline',
  tags: ['games'],
  request: {
    params: z.strictObject({ game_id: id }),
    headers: gameMutationHeaders,
    body: jsonBody(bodySchema),
  },
  responses: {
    200: jsonResponse(gameSchema, 'The game as it is now'),
    ...errorResponses('not_found', 'forbidden', 'invalid_state', 'revision_mismatch', 'idempotency_conflict'),
  },
});

export const updateGameRoute = (lobby: Lobby) =>
  defineRoute(route, async (c) => {
    const caller = callerOf(c);
    const { game_id } = c.req.valid('param');
    const changes = toSettings(c.req.valid('json'));
    const expectedRevision = c.req.valid('header')['If-Match'];
    return changeGame(c, lobby, () => updateGame(lobby, caller, game_id, changes, expectedRevision));
  });
