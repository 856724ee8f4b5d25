import { createRoute, z } from '@hono/zod-openapi';
import { blockUser } from '../../../lib/backend/operations/block-user.ts';
import { callerOf } from '../../../lib/http/caller.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import { reasonCode } from './reason-code.ts';
import { toUser, userSchema } from './user-response.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/internal/users/{user_id}/block',
  operationId: 'blockUser',
  summary: 'Blocks a user permanently and ends all their sessions; a repeat changes nothing',
  tags: ['admin'],
  request: {
    params: z.strictObject({ user_id: id }),
    body: jsonBody(z.strictObject({ reason_code: reasonCode })),
  },
  responses: { 200: jsonResponse(userSchema, 'The blocked user'), ...errorResponses('not_found') },
});

export const blockUserRoute = (deps: Parameters<typeof blockUser>[0]) =>
  defineRoute(route, async (c) => {
    const user = await blockUser(deps, callerOf(c), {
      userId: c.req.valid('param').user_id,
      reasonCode: c.req.valid('json').reason_code,
    });
    return c.json(toUser(user), 200);
  });
