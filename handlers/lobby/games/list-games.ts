import { createRoute, z } from '@hono/zod-openapi';
import { pageOf, pageQuery } from '../../../lib/http/paging.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { gameBounds, gameOrders, gameStatuses, gameTypes } from '../../../lib/lobby/domain/game.ts';
import { searchBeginningsOf } from '../../../lib/lobby/domain/search-words.ts';
import { listGames } from '../../../lib/lobby/operations/list-games.ts';
import { pageRequestOf, positionTokens, searchTokens, toPage } from '../paging.ts';
import { callerOf } from '../request.ts';
import { gameSchema, toGameFor } from './game-response.ts';

const versionProblem = 'must be a semantic version such as 1.4.0';

export const filterFields = {
  status: z.enum(gameStatuses).optional(),
  game_type: z.enum(gameTypes).optional(),
  q: z
    .string()
    .max(100, 'must have at most 100 characters')
    .transform(searchBeginningsOf)
    .refine((words) => words.length > 0, 'must have a letter or a digit')
    .optional()
    .openapi({
      type: 'string',
      maxLength: 100,
      description:
        'Words, or beginnings of words, that name and description have all of; at least one letter or digit. ' +
        'A page may then have fewer games than `page_size`, even none, and yet a `next_page_token`. Cancelled ' +
        'games are searched only with their `status`.',
    }),
  engine_family: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/, 'must be a family such as four-in-a-row')
    .optional(),
  target_engine_version: z
    .string()
    .max(gameBounds.targetEngineVersion.max, versionProblem)
    .regex(/^[\w.+-]+$/, versionProblem)
    .optional(),
};

const { engine_family, target_engine_version, ...firstFields } = filterFields;

const querySchema = z
  .strictObject({
    ...firstFields,
    has_free_places: z
      .enum(['true', 'false'], 'must be true or false')
      .transform((text) => text === 'true')
      .optional()
      .openapi({
        type: 'boolean',
        description:
          '`true`: games that take players, and whose deadline lies ahead. `false`: games that take no players.',
      }),
    engine_family,
    target_engine_version,
    sort: z.enum(gameOrders).default('newest').openapi({
      description:
        '`ending_soon` lists games whose enrollment is open and whose deadline lies ahead, by their deadline.',
    }),
    ...pageQuery,
  })
  .refine(({ sort, status }) => sort !== 'ending_soon' || [undefined, 'enrollment_open'].includes(status), {
    path: ['status'],
    message: 'must be enrollment_open or absent with sort=ending_soon',
  });

const route = createRoute({
  method: 'get',
  path: '/games',
  operationId: 'listGames',
  summary: 'The games that the caller can see',
  tags: ['games'],
  request: { query: querySchema },
  responses: { 200: jsonResponse(pageOf(gameSchema), 'A page of games'), ...errorResponses() },
});

const tokens = { newest: positionTokens('games.newest'), ending_soon: positionTokens('games.ending_soon') };
const tokensOfSearch = {
  newest: searchTokens('games.newest'),
  ending_soon: searchTokens('games.ending_soon'),
};

export const listGamesRoute = (lobby: Pick<Lobby, 'now' | 'readFromReplica'>) =>
  defineRoute(route, async (c) => {
    const caller = callerOf(c);
    const query = c.req.valid('query');
    const filters = {
      status: query.status,
      gameType: query.game_type,
      words: query.q,
      hasFreePlaces: query.has_free_places,
      engineFamily: query.engine_family,
      targetEngineVersion: query.target_engine_version,
    };
    const token = (query.q === undefined ? tokens : tokensOfSearch)[query.sort].of(c.req.query());
    const list = { actor: caller.actor, order: query.sort, filters, now: lobby.now() };
    const request = pageRequestOf(token, query);
    const page = await listGames(lobby, list, request);
    return c.json(toPage(token, page, toGameFor(caller)), 200);
  });
