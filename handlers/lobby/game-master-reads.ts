// What the Game Master reads from the lobby: the same answers as an admin gets, under paths of its own.
import { createRoute } from '@hono/zod-openapi';
import { getGameRoute } from './games/get-game.ts';
import { listGamesRoute } from './games/list-games.ts';
import { listMembershipsRoute } from './memberships/list-memberships.ts';

const tags = ['game master'];

export const readGamesRoute = createRoute({
  ...listGamesRoute,
  operationId: 'readGames',
  summary: 'All games, for the Game Master',
  tags,
});

export const readGameRoute = createRoute({
  ...getGameRoute,
  operationId: 'readGame',
  summary: 'One game and where it runs, for the Game Master',
  tags,
});

export const readMembershipsRoute = createRoute({
  ...listMembershipsRoute,
  operationId: 'readMemberships',
  summary: 'The active members of a game, in the order in which they joined, for the Game Master',
  tags,
});
