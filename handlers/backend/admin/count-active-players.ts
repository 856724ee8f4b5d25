import { createRoute, z } from '@hono/zod-openapi';
import { countActivePlayers } from '../../../lib/backend/operations/count-active-players.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, jsonResponse, noQuery, timestamp } from '../../../lib/http/schemas.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/internal/active-players',
  operationId: 'countActivePlayers',
  summary: 'How many users have used a session in the last hour; of ten thousand sessions at most',
  tags: ['admin'],
  request: { query: noQuery },
  responses: {
    200: jsonResponse(
      z.object({
        players: z.int().nonnegative(),
        since: timestamp,
        is_complete: z.boolean().openapi({ description: '`false`: there are more than were counted.' }),
      }),
      'The number of users',
    ),
    ...errorResponses(),
  },
});

export const countActivePlayersRoute = (backend: Parameters<typeof countActivePlayers>[0]) =>
  defineRoute(route, async (c) => {
    const { players, since, isComplete } = await countActivePlayers(backend);
    return c.json({ players, since: since.toISOString(), is_complete: isComplete }, 200);
  });
