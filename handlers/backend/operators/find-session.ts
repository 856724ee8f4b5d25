import { createRoute, z } from '@hono/zod-openapi';
import { findOperatorSession } from '../../../lib/backend/operations/operators/find-session.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import { audiences } from '../../../lib/operators/assertion.ts';
import { operatorSchema, token, toOperator } from './operator-response.ts';

const found = z.object({
  session_id: id,
  operator: operatorSchema,
  assertions: z
    .partialRecord(z.enum(audiences), z.string())
    .openapi({ description: 'By service: the `X-Operator-Assertion` of this request, valid for a minute.' }),
});

const route = createRoute({
  method: 'post',
  path: '/api/v1/internal/operator-sessions/find',
  operationId: 'findOperatorSession',
  summary: 'Whose session it is, with the roles of this moment, for one request to the console',
  tags: ['operators'],
  request: {
    body: jsonBody(z.strictObject({ session_token: token, audiences: z.array(z.enum(audiences)).max(8) })),
  },
  responses: {
    200: jsonResponse(found, 'The session'),
    ...errorResponses('not_found', 'service_unavailable'),
  },
});

export const findSessionRoute = (deps: Parameters<typeof findOperatorSession>[0]) =>
  defineRoute(route, async (c) => {
    const { session_token, audiences } = c.req.valid('json');
    const { sessionId, operator, assertions } = await findOperatorSession(deps, {
      token: session_token,
      audiences,
    });
    return c.json({ session_id: sessionId, operator: toOperator(operator), assertions }, 200);
  });
