import { createRoute, z } from '@hono/zod-openapi';
import { userOf } from '../../../lib/http/actor.ts';
import { pageOf, pageQuery } from '../../../lib/http/paging.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { gameRoles, gameStatuses } from '../../../lib/lobby/domain/game.ts';
import { listMyGames } from '../../../lib/lobby/operations/list-mine.ts';
import { gameSchema, toGameFor } from '../games/game-response.ts';
import { pageRequestOf, positionTokens, toPage } from '../paging.ts';
import { callerOf } from '../request.ts';

const route = createRoute({
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
        .openapi({ description: 'The role of the caller in them; both roles unless given.' }),
      status: z.enum(gameStatuses).optional(),
      waiting_for_me: z
        .enum(['true', 'false'], 'must be true or false')
        .transform((text) => text === 'true')
        .optional()
        .openapi({
          type: 'boolean',
          description:
            'Whether the game runs, and its open turn waits for the seat of the caller to be ready.',
        }),
      ...pageQuery,
    }),
  },
  responses: { 200: jsonResponse(pageOf(gameSchema), 'A page of games'), ...errorResponses() },
});

const tokens = positionTokens('my.games');

export const listMyGamesRoute = (lobby: Pick<Lobby, 'readFromReplica'>) =>
  defineRoute(route, async (c) => {
    const query = c.req.valid('query');
    const token = tokens.of(c.req.query());
    const request = pageRequestOf(token, query);
    const { role, status, waiting_for_me: waitingForUser } = query;
    const filters = { role, status, waitingForUser };
    const page = await listMyGames(lobby, userOf(c.get('actor')), filters, request);
    return c.json(toPage(token, page, toGameFor(callerOf(c))), 200);
  });
