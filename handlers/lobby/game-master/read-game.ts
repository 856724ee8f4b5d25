import { createRoute } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import { getGameRoute } from '../games/get-game.ts';

/** The admins' route for the Game Master, mounted under another prefix. */
export const readGameRoute = (lobby: Parameters<typeof getGameRoute>[0]) => {
  const { route, handler } = getGameRoute(lobby);
  return defineRoute(
    createRoute({
      ...route,
      operationId: 'readGame',
      summary: 'One game and where it runs, for the Game Master',
      tags: ['game master'],
    }),
    handler,
  );
};
