import { createRoute, z } from '@hono/zod-openapi';
import { pageOf, pageQuery } from '../../../lib/http/paging.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { applicationStatuses } from '../../../lib/lobby/domain/game.ts';
import { listApplications } from '../../../lib/lobby/operations/list-applications.ts';
import { pageRequestOf, positionTokens, toPage } from '../paging.ts';
import { callerOf } from '../request.ts';
import { applicationSchema, toApplication } from './application-response.ts';

const route = createRoute({
  method: 'get',
  path: '/games/{game_id}/applications',
  operationId: 'listApplications',
  summary: 'Applications to a game, oldest first: all for its owner and admins, their own for others',
  tags: ['applications'],
  request: {
    params: z.strictObject({ game_id: id }),
    query: z.strictObject({ status: z.enum(applicationStatuses).optional(), ...pageQuery }),
  },
  responses: {
    200: jsonResponse(pageOf(applicationSchema), 'A page of applications'),
    ...errorResponses('not_found'),
  },
});

const tokens = positionTokens('applications');

export const listApplicationsRoute = (lobby: Pick<Lobby, 'db' | 'readFromReplica'>) =>
  defineRoute(route, async (c) => {
    const { game_id } = c.req.valid('param');
    const query = c.req.valid('query');
    const token = tokens.of({ game_id, ...c.req.query() });
    const request = pageRequestOf(token, query);
    const page = await listApplications(lobby, callerOf(c), game_id, query.status, request);
    return c.json(toPage(token, page, toApplication), 200);
  });
