import { createRoute, z } from '@hono/zod-openapi';
import { getUser } from '../../../lib/backend/operations/get-user.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noQuery } from '../../../lib/http/schemas.ts';
import { toUser, userSchema } from './user-response.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/internal/users/{user_id}',
  operationId: 'getUser',
  summary: 'Any user, also a blocked or deleted one',
  tags: ['admin'],
  request: { params: z.strictObject({ user_id: id }), query: noQuery },
  responses: { 200: jsonResponse(userSchema, 'The user'), ...errorResponses('not_found') },
});

export const getUserRoute = (deps: Parameters<typeof getUser>[0]) =>
  defineRoute(route, async (c) => c.json(toUser(await getUser(deps, c.req.valid('param').user_id)), 200));
