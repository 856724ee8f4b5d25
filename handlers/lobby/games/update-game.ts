import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { errorAnswers, id, jsonAnswer, jsonBody } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { answerOnce } from '../../../lib/lobby/idempotency.ts';
import { updateGame } from '../../../lib/lobby/operations/update-game.ts';
import { callerOf, idempotencyKeyOf, mutationHeaders } from '../request.ts';
import { settingFields, toSettings } from './fields.ts';
import { etagOf, gameSchema, toGameFor } from './game-answer.ts';

const bodySchema = z
  .strictObject(settingFields)
  .partial()
  .refine((body) => Object.keys(body).length > 0, 'name at least one field to change');

const headers = mutationHeaders.extend({
  'If-Match': z
    .string()
    .regex(/^(?:\d{1,9}|"\d{1,9}")$/, 'must be the revision of the game, such as 3 or "3"')
    .transform((revision) => Number(revision.replaceAll('"', '')))
    .optional()
    .openapi({
      type: 'string',
      description:
        'The ETag or revision that the change is based on; another one now is 412 revision_mismatch.',
    }),
});

export const updateGameRoute = createRoute({
  method: 'patch',
  path: '/games/{game_id}',
  operationId: 'updateGame',
  summary:
    'Changes the fields that are given: any of a draft; name, description, a later deadline while enrolling',
  tags: ['games'],
  request: { params: z.strictObject({ game_id: id }), headers, body: jsonBody(bodySchema) },
  responses: {
    200: jsonAnswer(gameSchema, 'The game as it is now'),
    ...errorAnswers('not_found', 'forbidden', 'invalid_state', 'revision_mismatch', 'idempotency_conflict'),
  },
});

export function updateGameHandler(lobby: Lobby): RouteHandler<typeof updateGameRoute, HttpEnv> {
  return async (c) => {
    const caller = callerOf(c);
    const { game_id } = c.req.valid('param');
    const changes = toSettings(c.req.valid('json'));
    const expectedRevision = c.req.valid('header')['If-Match'];
    const game = await answerOnce(
      lobby,
      await idempotencyKeyOf(c),
      () => updateGame(lobby, caller, game_id, changes, expectedRevision),
      toGameFor(caller),
    );
    c.header('ETag', etagOf(game));
    return c.json(game, 200);
  };
}
