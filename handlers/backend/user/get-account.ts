import { createRoute, type RouteHandler } from '@hono/zod-openapi';
import { getAccount } from '../../../lib/backend/operations/get-account.ts';
import { userOf } from '../../../lib/http/actor.ts';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { errorResponses, jsonResponse, noQuery } from '../../../lib/http/schemas.ts';
import { accountSchema, toAccount } from './account-response.ts';

export const getAccountRoute = createRoute({
  method: 'get',
  path: '/api/v1/user/account',
  operationId: 'getAccount',
  summary: 'The account of the user who asks',
  tags: ['user'],
  request: { query: noQuery },
  responses: {
    200: jsonResponse(accountSchema, 'The account'),
    ...errorResponses('unauthenticated', 'account_blocked'),
  },
});

export function getAccountHandler(
  deps: Parameters<typeof getAccount>[0],
): RouteHandler<typeof getAccountRoute, HttpEnv> {
  return async (c) => c.json(toAccount(await getAccount(deps, userOf(c.get('actor')).userId)), 200);
}
