import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import { getUser } from '../../../lib/backend/operations/get-user.ts';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { errorResponses, id, jsonResponse, noQuery } from '../../../lib/http/schemas.ts';
import { toUser, userSchema } from './user-response.ts';

export const getUserRoute = createRoute({
  method: 'get',
  path: '/api/v1/internal/users/{user_id}',
  operationId: 'getUser',
  summary: 'Any user, blocked and deleted ones too',
  tags: ['admin'],
  request: { params: z.strictObject({ user_id: id }), query: noQuery },
  responses: { 200: jsonResponse(userSchema, 'The user'), ...errorResponses('not_found') },
});

export function getUserHandler(
  deps: Parameters<typeof getUser>[0],
): RouteHandler<typeof getUserRoute, HttpEnv> {
  return async (c) => c.json(toUser(await getUser(deps, c.req.valid('param').user_id)), 200);
}
