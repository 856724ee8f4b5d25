import { createRoute } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import { listGamesRoute } from '../games/list-games.ts';

/** The admins' route for the Game Master, mounted under another prefix. */
export const readGamesRoute = (lobby: Parameters<typeof listGamesRoute>[0]) => {
  const { route, handler } = listGamesRoute(lobby);
  return defineRoute(
    createRoute({
      ...route,
      operationId: 'readGames',
      summary: 'All games, for the Game Master',
      tags: ['game master'],
    }),
    handler,
  );
};
