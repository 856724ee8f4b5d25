import { createRoute, z } from '@hono/zod-openapi';
import { pageOf, pageQuery } from '../../../lib/http/paging.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, timestamp } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { gameStatuses, membershipStatuses } from '../../../lib/lobby/domain/game.ts';
import { listUserGames } from '../../../lib/lobby/operations/list-user-games.ts';
import type { GameWithMemberships } from '../../../lib/lobby/store/user-games.ts';
import { gameSchema, toGameFor } from '../games/game-response.ts';
import { pageRequestOf, positionTokens, toPage } from '../paging.ts';
import { callerOf } from '../request.ts';

const gameOfUserSchema = z
  .object({
    game: gameSchema,
    is_owner: z.boolean(),
    memberships: z
      .array(
        z.object({
          membership_id: id,
          race_name: z.string(),
          status: z.enum(membershipStatuses),
          seat: z.int().nullable(),
          joined_at: timestamp,
          ended_at: timestamp.nullable(),
        }),
      )
      .openapi({
        description: 'Of the user, in the order of joining; several when they left and came back.',
      }),
  })
  .openapi('GameOfUser');

const route = createRoute({
  method: 'get',
  path: '/users/{user_id}/games',
  operationId: 'listUserGames',
  summary: 'Games that a user owns, plays in or has played in, newest first; for operators',
  tags: ['operators'],
  request: {
    params: z.strictObject({ user_id: id }),
    query: z.strictObject({ status: z.enum(gameStatuses).optional(), ...pageQuery }),
  },
  responses: { 200: jsonResponse(pageOf(gameOfUserSchema), 'A page of games'), ...errorResponses() },
});

const tokens = positionTokens('user.games');

export const listUserGamesRoute = (lobby: Pick<Lobby, 'readFromReplica'>) =>
  defineRoute(route, async (c) => {
    const { user_id: userId } = c.req.valid('param');
    const query = c.req.valid('query');
    const token = tokens.of({ userId, ...c.req.query() });
    const request = pageRequestOf(token, query);
    const page = await listUserGames(lobby, { userId, status: query.status }, request);
    const toGame = toGameFor(callerOf(c));
    return c.json(
      toPage(token, page, (found) => toGameOfUser(found, userId, toGame)),
      200,
    );
  });

function toGameOfUser(
  { game, memberships }: GameWithMemberships,
  userId: string,
  toGame: ReturnType<typeof toGameFor>,
): z.infer<typeof gameOfUserSchema> {
  return {
    game: toGame(game),
    is_owner: game.ownerUserId === userId,
    memberships: memberships.map((membership) => ({
      membership_id: membership.membershipId,
      race_name: membership.raceName,
      status: membership.status,
      seat: membership.seat,
      joined_at: membership.joinedAt.toISOString(),
      ended_at: membership.endedAt?.toISOString() ?? null,
    })),
  };
}
