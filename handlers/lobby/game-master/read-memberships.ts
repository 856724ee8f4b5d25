import { createRoute } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import { listMembershipsRoute } from '../memberships/list-memberships.ts';

/** The admins' route for the Game Master, mounted under another prefix. */
export const readMembershipsRoute = (lobby: Parameters<typeof listMembershipsRoute>[0]) => {
  const { route, handler } = listMembershipsRoute(lobby);
  return defineRoute(
    createRoute({
      ...route,
      operationId: 'readMemberships',
      summary: 'The active members of a game, in the order in which they joined, for the Game Master',
      tags: ['game master'],
    }),
    handler,
  );
};
