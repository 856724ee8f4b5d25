import { createRoute, z } from '@hono/zod-openapi';
import { endOperatorSession } from '../../../lib/backend/operations/operators/end-session.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { emptyBody, errorResponses, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import { token } from './operator-response.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/internal/operator-sessions/end',
  operationId: 'endOperatorSession',
  summary: 'Signs an operator out; a repeat changes nothing',
  tags: ['operators'],
  request: { body: jsonBody(z.strictObject({ session_token: token })) },
  responses: { 200: jsonResponse(emptyBody, 'The session has ended'), ...errorResponses() },
});

export const endSessionRoute = (deps: Parameters<typeof endOperatorSession>[0]) =>
  defineRoute(route, async (c) => {
    await endOperatorSession(deps, c.req.valid('json').session_token);
    return c.json({}, 200);
  });
