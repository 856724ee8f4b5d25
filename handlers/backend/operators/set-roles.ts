import { createRoute, z } from '@hono/zod-openapi';
import { setOperatorRoles } from '../../../lib/backend/operations/operators/change-operator.ts';
import { callerOf } from '../../../lib/http/caller.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import { operatorSchema, roleList, toOperator } from './operator-response.ts';

const route = createRoute({
  method: 'put',
  path: '/api/v1/internal/operators/{operator_id}/roles',
  operationId: 'setOperatorRoles',
  summary: 'Sets the roles of an operator, from their next request on',
  tags: ['operators'],
  request: {
    params: z.strictObject({ operator_id: id }),
    body: jsonBody(z.strictObject({ roles: roleList })),
  },
  responses: {
    200: jsonResponse(operatorSchema, 'The operator'),
    ...errorResponses('forbidden', 'not_found', 'invalid_state'),
  },
});

export const setRolesRoute = (deps: Parameters<typeof setOperatorRoles>[0]) =>
  defineRoute(route, async (c) => {
    const operator = await setOperatorRoles(deps, callerOf(c), {
      operatorId: c.req.valid('param').operator_id,
      roles: c.req.valid('json').roles,
    });
    return c.json(toOperator(operator), 200);
  });
