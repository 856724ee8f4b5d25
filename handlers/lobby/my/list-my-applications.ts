import { createRoute, z } from '@hono/zod-openapi';
import { userOf } from '../../../lib/http/actor.ts';
import { pageOf, pageQuery } from '../../../lib/http/paging.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { applicationStatuses } from '../../../lib/lobby/domain/game.ts';
import { listMyApplications } from '../../../lib/lobby/operations/list-mine.ts';
import { applicationSchema, toApplication } from '../applications/application-response.ts';
import { pageRequestOf, positionTokens, toPage } from '../paging.ts';

const route = createRoute({
  method: 'get',
  path: '/my/applications',
  operationId: 'listMyApplications',
  summary: 'Applications of the caller, newest first',
  tags: ['mine'],
  request: { query: z.strictObject({ status: z.enum(applicationStatuses).optional(), ...pageQuery }) },
  responses: { 200: jsonResponse(pageOf(applicationSchema), 'A page of applications'), ...errorResponses() },
});

const tokens = positionTokens('my.applications');

export const listMyApplicationsRoute = (lobby: Pick<Lobby, 'readFromReplica'>) =>
  defineRoute(route, async (c) => {
    const query = c.req.valid('query');
    const token = tokens.of(c.req.query());
    const request = pageRequestOf(token, query);
    const page = await listMyApplications(lobby, userOf(c.get('actor')), query.status, request);
    return c.json(toPage(token, page, toApplication), 200);
  });
