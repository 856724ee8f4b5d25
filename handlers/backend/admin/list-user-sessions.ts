import { createRoute, z } from '@hono/zod-openapi';
import { listSessionsOfUser } from '../../../lib/backend/operations/list-sessions.ts';
import { pageOf, pageQuery, pageTokens } from '../../../lib/http/paging.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse } from '../../../lib/http/schemas.ts';
import { sessionSchema, toSession } from '../user/session-response.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/internal/users/{user_id}/sessions',
  operationId: 'listUserSessions',
  summary: 'The devices of a user, newest first, also revoked ones',
  tags: ['admin'],
  request: { params: z.strictObject({ user_id: id }), query: z.strictObject(pageQuery) },
  responses: {
    200: jsonResponse(pageOf(sessionSchema), 'A page of sessions'),
    ...errorResponses('not_found'),
  },
});

const tokens = pageTokens('admin.user-sessions', z.tuple([id]));

export const listUserSessionsRoute = (deps: Parameters<typeof listSessionsOfUser>[0]) =>
  defineRoute(route, async (c) => {
    const { user_id: userId } = c.req.valid('param');
    const query = c.req.valid('query');
    const token = tokens.of({ userId, ...c.req.query() });
    const page = await listSessionsOfUser(deps, userId, {
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
