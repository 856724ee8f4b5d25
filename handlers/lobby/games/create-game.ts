import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { gameTypes, usualEarlyMode } from '../../../lib/lobby/domain/game.ts';
import { withIdempotencyKey } from '../../../lib/lobby/idempotency.ts';
import { createGame } from '../../../lib/lobby/operations/create-game.ts';
import { callerOf, idempotencyKeyOf, mutationHeaders } from '../request.ts';
import { clockFields, settingFields, toSettings } from './fields.ts';
import { etagOf, gameSchema, toGameFor } from './game-response.ts';

const bodySchema = z.strictObject({
  game_type: z.enum(gameTypes),
  ...settingFields,
  description: settingFields.description.default(''),
  start_gap_hours: settingFields.start_gap_hours.default(0),
  start_gap_players: settingFields.start_gap_players.default(0),
  auto_approve: settingFields.auto_approve.default(false),
  ...clockFields,
  early: settingFields.early.optional(),
  spectators: settingFields.spectators.default(false),
  options: settingFields.options.default({}),
  engine_family: settingFields.engine_family
    .optional()
    .openapi({ description: 'Which game is played; GET /engines lists them, and the first is the default.' }),
});

const route = createRoute({
  method: 'post',
  path: '/games',
  operationId: 'createGame',
  summary: 'Creates a game, as a draft; admins create public games only',
  tags: ['games'],
  request: { headers: mutationHeaders, body: jsonBody(bodySchema) },
  responses: {
    201: jsonResponse(gameSchema, 'The draft'),
    ...errorResponses('not_eligible', 'subject_not_found', 'idempotency_conflict', 'service_unavailable'),
  },
});

export const createGameRoute = (lobby: Lobby) =>
  defineRoute(route, async (c) => {
    const caller = callerOf(c);
    const { game_type, ...fields } = c.req.valid('json');
    const {
      early = usualEarlyMode({ turnSeconds: fields.turn_seconds }),
      engine_family = lobby.catalogue.defaultFamily,
    } = fields;
    const request = { gameType: game_type, settings: toSettings({ ...fields, early, engine_family }) };
    const game = await withIdempotencyKey(
      lobby,
      await idempotencyKeyOf(c),
      () => createGame(lobby, caller, request),
      toGameFor(caller),
    );
    c.header('ETag', etagOf(game));
    return c.json(game, 201);
  });
