import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import { blockUser } from '../../../lib/backend/operations/block-user.ts';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import { keptTraceparent } from '../../../lib/telemetry/trace.ts';
import { reasonCode } from './reason-code.ts';
import { toUser, userSchema } from './user-response.ts';

export const blockUserRoute = createRoute({
  method: 'post',
  path: '/api/v1/internal/users/{user_id}/block',
  operationId: 'blockUser',
  summary: 'Blocks a user for good and ends all their sessions; once more changes nothing',
  tags: ['admin'],
  request: {
    params: z.strictObject({ user_id: id }),
    body: jsonBody(z.strictObject({ reason_code: reasonCode })),
  },
  responses: { 200: jsonResponse(userSchema, 'The blocked user'), ...errorResponses('not_found') },
});

export function blockUserHandler(
  deps: Parameters<typeof blockUser>[0],
): RouteHandler<typeof blockUserRoute, HttpEnv> {
  return async (c) => {
    const user = await blockUser(deps, {
      userId: c.req.valid('param').user_id,
      reasonCode: c.req.valid('json').reason_code,
      traceparent: keptTraceparent(c.req.header('traceparent')),
    });
    return c.json(toUser(user), 200);
  };
}
