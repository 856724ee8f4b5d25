import { createRoute, z } from '@hono/zod-openapi';
import { addOperator } from '../../../lib/backend/operations/operators/add-operator.ts';
import { callerOf } from '../../../lib/http/caller.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import { operatorEmail, operatorName } from '../../../lib/operators/fields.ts';
import { invitedSchema, roleList, toOperator } from './operator-response.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/internal/operators',
  operationId: 'addOperator',
  summary: 'Adds an operator, who enrols a passkey with the link',
  tags: ['operators'],
  request: {
    body: jsonBody(z.strictObject({ name: operatorName, email: operatorEmail, roles: roleList })),
  },
  responses: {
    201: jsonResponse(invitedSchema, 'The operator and their link'),
    ...errorResponses('forbidden', 'email_taken'),
  },
});

export const addOperatorRoute = (deps: Parameters<typeof addOperator>[0]) =>
  defineRoute(route, async (c) => {
    const { operator, linkToken } = await addOperator(deps, callerOf(c), c.req.valid('json'));
    return c.json({ operator: toOperator(operator), link_token: linkToken }, 201);
  });
