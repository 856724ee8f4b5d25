import { createRoute, z } from '@hono/zod-openapi';
import { listSessions } from '../../../lib/backend/operations/list-sessions.ts';
import { userOf } from '../../../lib/http/actor.ts';
import { pageOf, pageQuery, pageTokens } from '../../../lib/http/paging.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse } from '../../../lib/http/schemas.ts';
import { sessionSchema, toSession } from './session-response.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/user/sessions',
  operationId: 'listSessions',
  summary: 'The user’s own devices, newest first, also revoked ones',
  tags: ['user'],
  request: { query: z.strictObject(pageQuery) },
  responses: {
    200: jsonResponse(pageOf(sessionSchema), 'A page of sessions'),
    ...errorResponses('unauthenticated', 'account_blocked'),
  },
});

const tokens = pageTokens('user.sessions', z.tuple([id]));

export const listSessionsRoute = (deps: Parameters<typeof listSessions>[0]) =>
  defineRoute(route, async (c) => {
    const query = c.req.valid('query');
    const token = tokens.of(c.req.query());
    const page = await listSessions(deps, userOf(c.get('actor')).userId, {
      size: query.page_size,
      before: token.read(query.page_token)?.[0],
    });
    return c.json(
      {
        items: page.sessions.map(toSession),
        ...(page.next === undefined ? {} : { next_page_token: token.write([page.next]) }),
      },
      200,
    );
  });
