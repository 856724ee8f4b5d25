import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, jsonResponse, noQuery } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { gameStatuses } from '../../../lib/lobby/domain/game.ts';
import { countGames } from '../../../lib/lobby/operations/count-games.ts';

const countSchema = z.object({
  status: z.enum(gameStatuses),
  count: z.int().nonnegative(),
  is_complete: z.boolean().openapi({ description: '`false`: there are more than were counted.' }),
});

const route = createRoute({
  method: 'get',
  path: '/game-counts',
  operationId: 'countGames',
  summary:
    'How many games there are by status; of many only the first ten thousand or so are counted; for operators',
  tags: ['operators'],
  request: { query: noQuery },
  responses: {
    200: jsonResponse(z.object({ items: z.array(countSchema) }), 'Every status'),
    ...errorResponses(),
  },
});

export const countGamesRoute = (lobby: Pick<Lobby, 'readFromReplica'>) =>
  defineRoute(route, async (c) => {
    const counts = await countGames(lobby);
    const items = counts.map(({ status, count, isComplete }) => ({ status, count, is_complete: isComplete }));
    return c.json({ items }, 200);
  });
