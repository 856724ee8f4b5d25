import { createRoute, z } from '@hono/zod-openapi';
import { pageOf, pageQuery } from '../../../lib/http/paging.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, timestampInput } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { listGames } from '../../../lib/lobby/operations/list-games.ts';
import { gameSchema, toGameFor } from '../games/game-response.ts';
import { filterFields } from '../games/list-games.ts';
import { pageRequestOf, positionTokens, searchTokens, toPage } from '../paging.ts';
import { callerOf } from '../request.ts';

const time = timestampInput.transform((text) => new Date(text)).optional();

const querySchema = z.strictObject({
  ...filterFields,
  owner_user_id: id.optional(),
  created_from: time.openapi({ description: 'Games that were created at this time or later.' }),
  created_before: time.openapi({ description: 'Games that were created before this time.' }),
  ...pageQuery,
});

const route = createRoute({
  method: 'get',
  path: '/game-search',
  operationId: 'searchGames',
  summary: 'All games, newest first, by text, status, owner, engine and time of creation; for operators',
  tags: ['operators'],
  request: { query: querySchema },
  responses: { 200: jsonResponse(pageOf(gameSchema), 'A page of games'), ...errorResponses() },
});

const tokens = { all: positionTokens('game-search'), withText: searchTokens('game-search') };

export const searchGamesRoute = (lobby: Pick<Lobby, 'now' | 'readFromReplica'>) =>
  defineRoute(route, async (c) => {
    const caller = callerOf(c);
    const query = c.req.valid('query');
    const filters = {
      status: query.status,
      gameType: query.game_type,
      words: query.q,
      engineFamily: query.engine_family,
      targetEngineVersion: query.target_engine_version,
      ownerUserId: query.owner_user_id,
      createdFrom: query.created_from,
      createdBefore: query.created_before,
    };
    const token = (query.q === undefined ? tokens.all : tokens.withText).of(c.req.query());
    const list = { actor: caller.actor, order: 'newest' as const, filters, now: lobby.now() };
    const page = await listGames(lobby, list, pageRequestOf(token, query));
    return c.json(toPage(token, page, toGameFor(caller)), 200);
  });
