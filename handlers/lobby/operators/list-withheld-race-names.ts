import { createRoute, z } from '@hono/zod-openapi';
import { pageOf, pageQuery } from '../../../lib/http/paging.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { pageRequestOf, positionTokens, toPage } from '../paging.ts';
import { toWithheldName, withheldNameSchema } from './race-name-responses.ts';

const route = createRoute({
  method: 'get',
  path: '/withheld-race-names',
  operationId: 'listWithheldRaceNames',
  summary: 'Race names that no player can have, newest first; for operators',
  tags: ['operators'],
  request: { query: z.strictObject(pageQuery) },
  responses: { 200: jsonResponse(pageOf(withheldNameSchema), 'A page of names'), ...errorResponses() },
});

const tokens = positionTokens('withheld-race-names');

export const listWithheldRaceNamesRoute = ({ db, raceNames }: Pick<Lobby, 'db' | 'raceNames'>) =>
  defineRoute(route, async (c) => {
    const token = tokens.of(c.req.query());
    const page = await raceNames.listWithheld(db, pageRequestOf(token, c.req.valid('query')));
    return c.json(toPage(token, page, toWithheldName), 200);
  });
