import { createRoute, z } from '@hono/zod-openapi';
import { disableOperator } from '../../../lib/backend/operations/operators/change-operator.ts';
import { callerOf } from '../../../lib/http/caller.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noBody } from '../../../lib/http/schemas.ts';
import { operatorSchema, toOperator } from './operator-response.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/internal/operators/{operator_id}/disable',
  operationId: 'disableOperator',
  summary: 'Ends the sessions of an operator and lets them sign in no more; a repeat changes nothing',
  tags: ['operators'],
  request: { params: z.strictObject({ operator_id: id }), body: noBody },
  responses: {
    200: jsonResponse(operatorSchema, 'The operator'),
    ...errorResponses('forbidden', 'not_found', 'invalid_state'),
  },
});

export const disableOperatorRoute = (deps: Parameters<typeof disableOperator>[0]) =>
  defineRoute(route, async (c) => {
    const operator = await disableOperator(deps, callerOf(c), c.req.valid('param').operator_id);
    return c.json(toOperator(operator), 200);
  });
