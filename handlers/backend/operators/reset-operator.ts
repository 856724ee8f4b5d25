import { createRoute, z } from '@hono/zod-openapi';
import { resetOperator } from '../../../lib/backend/operations/operators/change-operator.ts';
import { callerOf } from '../../../lib/http/caller.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noBody } from '../../../lib/http/schemas.ts';
import { invitedSchema, toOperator } from './operator-response.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/internal/operators/{operator_id}/reset',
  operationId: 'resetOperator',
  summary: 'Takes the passkeys of an operator away and ends their sessions; they enrol another with the link',
  tags: ['operators'],
  request: { params: z.strictObject({ operator_id: id }), body: noBody },
  responses: {
    200: jsonResponse(invitedSchema, 'The operator and their link'),
    ...errorResponses('forbidden', 'not_found', 'invalid_state'),
  },
});

export const resetOperatorRoute = (deps: Parameters<typeof resetOperator>[0]) =>
  defineRoute(route, async (c) => {
    const { operator, linkToken } = await resetOperator(deps, callerOf(c), c.req.valid('param').operator_id);
    return c.json({ operator: toOperator(operator), link_token: linkToken }, 200);
  });
