import { createRoute, z } from '@hono/zod-openapi';
import { listUsers } from '../../../lib/backend/operations/list-users.ts';
import { pageOf, pageQuery, pageTokens } from '../../../lib/http/paging.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse } from '../../../lib/http/schemas.ts';
import { normaliseEmail } from '../../../lib/users/email.ts';
import { toUser, userSchema } from './user-response.ts';

/** Case and surrounding blanks do not matter. */
const prefix = z.string().trim().toLowerCase().min(1).max(254);

/** A whole address may have its domain in any script; the beginning of one has no ASCII form. */
const emailPrefix = prefix.transform((text) => normaliseEmail(text) ?? text);

const route = createRoute({
  method: 'get',
  path: '/api/v1/internal/users',
  operationId: 'listUsers',
  summary:
    'Users, newest first, filtered by the start of their address or handle; also blocked and deleted ones',
  tags: ['admin'],
  request: {
    query: z.strictObject({ email: emailPrefix.optional(), handle: prefix.optional(), ...pageQuery }),
  },
  responses: { 200: jsonResponse(pageOf(userSchema), 'A page of users'), ...errorResponses() },
});

const tokens = pageTokens('admin.users', z.tuple([id]));

export const listUsersRoute = (deps: Parameters<typeof listUsers>[0]) =>
  defineRoute(route, async (c) => {
    const query = c.req.valid('query');
    const { email, handle, page_size: size, page_token: pageToken } = query;
    const token = tokens.of(c.req.query());
    const page = await listUsers(deps, { email, handle }, { size, before: token.read(pageToken)?.[0] });
    return c.json(
      {
        items: page.users.map(toUser),
        ...(page.next === undefined ? {} : { next_page_token: token.write([page.next]) }),
      },
      200,
    );
  });
