import { createRoute, z } from '@hono/zod-openapi';
import { getEntitlements } from '../../../lib/backend/operations/get-entitlements.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noQuery } from '../../../lib/http/schemas.ts';
import { entitlementsSchema, toEntitlements } from './entitlements-response.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/internal/users/{user_id}/entitlements',
  operationId: 'getEntitlements',
  summary: 'The entitlements of a user that differ from the defaults, and the effective ones',
  tags: ['admin'],
  request: { params: z.strictObject({ user_id: id }), query: noQuery },
  responses: { 200: jsonResponse(entitlementsSchema, 'The entitlements'), ...errorResponses('not_found') },
});

export const getEntitlementsRoute = (deps: Parameters<typeof getEntitlements>[0]) =>
  defineRoute(route, async (c) => {
    const userId = c.req.valid('param').user_id;
    return c.json(toEntitlements(userId, await getEntitlements(deps, userId)), 200);
  });
