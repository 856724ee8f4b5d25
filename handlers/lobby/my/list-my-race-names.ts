import { createRoute, z } from '@hono/zod-openapi';
import { userOf } from '../../../lib/http/actor.ts';
import { pageOf, pageQuery } from '../../../lib/http/paging.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { raceNameKinds } from '../../../lib/lobby/domain/race-name/held.ts';
import { pageRequestOf, positionTokens, toPage } from '../paging.ts';
import { raceNameSchema, toRaceName } from '../race-names/race-name-response.ts';

const route = createRoute({
  method: 'get',
  path: '/my/race-names',
  operationId: 'listMyRaceNames',
  summary: 'Race names that the caller holds, newest first',
  tags: ['mine'],
  request: { query: z.strictObject({ kind: z.enum(raceNameKinds).optional(), ...pageQuery }) },
  responses: { 200: jsonResponse(pageOf(raceNameSchema), 'A page of race names'), ...errorResponses() },
});

const tokens = positionTokens('my.race-names');

export const listMyRaceNamesRoute = ({
  readFromReplica,
  raceNames,
}: Pick<Lobby, 'readFromReplica' | 'raceNames'>) =>
  defineRoute(route, async (c) => {
    const query = c.req.valid('query');
    const { userId } = userOf(c.get('actor'));
    const token = tokens.of(c.req.query());
    const request = pageRequestOf(token, query);
    const page = await readFromReplica((db) => raceNames.list(db, userId, query.kind, request));
    return c.json(toPage(token, page, toRaceName), 200);
  });
