import { createRoute, z } from '@hono/zod-openapi';
import { listOperators } from '../../../lib/backend/operations/operators/list-operators.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, jsonResponse, noQuery } from '../../../lib/http/schemas.ts';
import { operatorSchema, toOperator } from './operator-response.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/internal/operators',
  operationId: 'listOperators',
  summary: 'All operators, also disabled ones, in the order in which they were added',
  tags: ['operators'],
  request: { query: noQuery },
  responses: {
    200: jsonResponse(z.object({ items: z.array(operatorSchema) }), 'The operators'),
    ...errorResponses('forbidden'),
  },
});

export const listOperatorsRoute = (deps: Parameters<typeof listOperators>[0]) =>
  defineRoute(route, async (c) => c.json({ items: (await listOperators(deps)).map(toOperator) }, 200));
