import { createRoute } from '@hono/zod-openapi';
import { getAccount } from '../../../lib/backend/operations/get-account.ts';
import { userOf } from '../../../lib/http/actor.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, jsonResponse, noQuery } from '../../../lib/http/schemas.ts';
import { accountSchema, toAccount } from './account-response.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/user/account',
  operationId: 'getAccount',
  summary: 'The account of the caller',
  tags: ['user'],
  request: { query: noQuery },
  responses: {
    200: jsonResponse(accountSchema, 'The account'),
    ...errorResponses('unauthenticated', 'account_blocked'),
  },
});

export const getAccountRoute = (deps: Parameters<typeof getAccount>[0]) =>
  defineRoute(route, async (c) =>
    c.json(toAccount(await getAccount(deps, userOf(c.get('actor')).userId)), 200),
  );
