import { createRoute, z } from '@hono/zod-openapi';
import { pageOf, pageQuery } from '../../../lib/http/paging.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { raceNameKinds } from '../../../lib/lobby/domain/race-name/held.ts';
import { pageRequestOf, positionTokens, toPage } from '../paging.ts';
import { heldNameSchema, toHeldName } from './race-name-responses.ts';

const route = createRoute({
  method: 'get',
  path: '/users/{user_id}/race-names',
  operationId: 'listUserRaceNames',
  summary: 'Race names that a user holds, newest first; for operators',
  tags: ['operators'],
  request: {
    params: z.strictObject({ user_id: id }),
    query: z.strictObject({ kind: z.enum(raceNameKinds).optional(), ...pageQuery }),
  },
  responses: { 200: jsonResponse(pageOf(heldNameSchema), 'A page of race names'), ...errorResponses() },
});

const tokens = positionTokens('user.race-names');

export const listUserRaceNamesRoute = ({
  readFromReplica,
  raceNames,
}: Pick<Lobby, 'readFromReplica' | 'raceNames'>) =>
  defineRoute(route, async (c) => {
    const { user_id: userId } = c.req.valid('param');
    const query = c.req.valid('query');
    const token = tokens.of({ userId, ...c.req.query() });
    const request = pageRequestOf(token, query);
    const page = await readFromReplica((db) => raceNames.list(db, userId, query.kind, request));
    return c.json(toPage(token, page, toHeldName), 200);
  });
