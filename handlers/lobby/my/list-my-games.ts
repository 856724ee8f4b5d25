import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import { userOf } from '../../../lib/http/actor.ts';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { pageOf, pageQuery } from '../../../lib/http/paging.ts';
import { errorAnswers, jsonAnswer } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { gameStatuses } from '../../../lib/lobby/domain/game.ts';
import { gameRoles, listGamesOfUser } from '../../../lib/lobby/store/games.ts';
import { gameSchema, toGameFor } from '../games/game-answer.ts';
import { pageRequestOf, placeToken, toPage } from '../paging.ts';
import { callerOf } from '../request.ts';

export const listMyGamesRoute = createRoute({
  method: 'get',
  path: '/my/games',
  operationId: 'listMyGames',
  summary: 'Games that the caller owns or plays in, newest first',
  tags: ['mine'],
  request: {
    query: z.strictObject({
      role: z
        .enum(gameRoles)
        .optional()
        .openapi({ description: 'What the caller is in them; either unless given.' }),
      status: z.enum(gameStatuses).optional(),
      ...pageQuery,
    }),
  },
  responses: { 200: jsonAnswer(pageOf(gameSchema), 'A page of games'), ...errorAnswers() },
});

const token = placeToken('my.games');

export function listMyGamesHandler(
  lobby: Pick<Lobby, 'readSlightlyOld'>,
): RouteHandler<typeof listMyGamesRoute, HttpEnv> {
  return async (c) => {
    const query = c.req.valid('query');
    const { userId } = userOf(c.get('actor'));
    const request = pageRequestOf(token, query);
    const page = await lobby.readSlightlyOld((db) => listGamesOfUser(db, userId, query, request));
    return c.json(toPage(token, page, toGameFor(callerOf(c))), 200);
  };
}
