import { createRoute, z } from '@hono/zod-openapi';
import type { GameMaster } from '../../../lib/game-master/context.ts';
import { getView } from '../../../lib/game-master/operations/get-view.ts';
import { callerOf } from '../../../lib/http/caller.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse } from '../../../lib/http/schemas.ts';
import { turnQuery } from './turn-query.ts';

const viewSchema = z
  .object({
    game_id: id,
    turn: z.int().nonnegative(),
    audience: z
      .string()
      .openapi({ example: 'seat:3', description: '`seat:` with its number, or `spectator`.' }),
    view: z.unknown().openapi({ description: 'JSON as the engine defines it. It never changes for a turn.' }),
  })
  .openapi('View');

const route = createRoute({
  method: 'get',
  path: '/games/{game_id}/view',
  operationId: 'getView',
  summary: 'What the caller’s seat, or a spectator, sees after a turn',
  tags: ['play'],
  request: {
    params: z.strictObject({ game_id: id }),
    query: z.strictObject({
      turn: turnQuery.openapi({
        description: 'The last turn that was played unless given; 0 is the beginning.',
      }),
      as: z.enum(['seat', 'spectator']).optional().openapi({
        description: '`seat` unless given, for those who hold one; `spectator` for others.',
      }),
    }),
  },
  responses: {
    200: jsonResponse(viewSchema, 'The view'),
    ...errorResponses(
      'not_found',
      'forbidden',
      'game_not_running',
      'view_gone',
      'engine_unavailable',
      'service_unavailable',
    ),
  },
});

/** For players and, as spectators of any game, for admins. */
export const getViewRoute = (gm: GameMaster) =>
  defineRoute(route, async (c) => {
    const { game_id } = c.req.valid('param');
    const { turn: asked, as } = c.req.valid('query');
    const { turn, audience, view } = await getView(gm, callerOf(c), game_id, { turn: asked, as });
    return c.json({ game_id, turn, audience, view }, 200);
  });
