import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import { getEntitlements } from '../../../lib/backend/operations/get-entitlements.ts';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { errorResponses, id, jsonResponse, noQuery } from '../../../lib/http/schemas.ts';
import { entitlementsSchema, toEntitlements } from './entitlements-response.ts';

export const getEntitlementsRoute = createRoute({
  method: 'get',
  path: '/api/v1/internal/users/{user_id}/entitlements',
  operationId: 'getEntitlements',
  summary: 'What a user may do where it differs from the defaults, and what that comes to',
  tags: ['admin'],
  request: { params: z.strictObject({ user_id: id }), query: noQuery },
  responses: { 200: jsonResponse(entitlementsSchema, 'The entitlements'), ...errorResponses('not_found') },
});

export function getEntitlementsHandler(
  deps: Parameters<typeof getEntitlements>[0],
): RouteHandler<typeof getEntitlementsRoute, HttpEnv> {
  return async (c) => {
    const userId = c.req.valid('param').user_id;
    return c.json(toEntitlements(userId, await getEntitlements(deps, userId)), 200);
  };
}
