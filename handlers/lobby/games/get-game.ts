import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noQuery } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { getGame } from '../../../lib/lobby/operations/get-game.ts';
import { callerOf } from '../request.ts';
import { etagOf, gameSchema, toGameFor } from './game-response.ts';

const route = createRoute({
  method: 'get',
  path: '/games/{game_id}',
  operationId: 'getGame',
  summary: 'One game; drafts for their owner, private games for owner, members and invited',
  tags: ['games'],
  request: { query: noQuery, params: z.strictObject({ game_id: id }) },
  responses: { 200: jsonResponse(gameSchema, 'The game'), ...errorResponses('not_found') },
});

export const getGameRoute = (lobby: Pick<Lobby, 'db'>) =>
  defineRoute(route, async (c) => {
    const caller = callerOf(c);
    const game = await getGame(lobby, caller, c.req.valid('param').game_id);
    c.header('ETag', etagOf(game));
    return c.json(toGameFor(caller)(game), 200);
  });
