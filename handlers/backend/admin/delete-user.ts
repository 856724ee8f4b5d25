import { createRoute, z } from '@hono/zod-openapi';
import { deleteUser } from '../../../lib/backend/operations/delete-user.ts';
import { callerOf } from '../../../lib/http/caller.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import { reasonCode } from './reason-code.ts';
import { toUser, userSchema } from './user-response.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/internal/users/{user_id}/delete',
  operationId: 'deleteUser',
  summary: 'Deletes a user permanently and erases what identifies them; a repeat changes nothing',
  tags: ['admin'],
  request: {
    params: z.strictObject({ user_id: id }),
    body: jsonBody(z.strictObject({ reason_code: reasonCode })),
  },
  responses: { 200: jsonResponse(userSchema, 'The deleted user'), ...errorResponses('not_found') },
});

export const deleteUserRoute = (deps: Parameters<typeof deleteUser>[0]) =>
  defineRoute(route, async (c) => {
    const user = await deleteUser(deps, callerOf(c), {
      userId: c.req.valid('param').user_id,
      reasonCode: c.req.valid('json').reason_code,
    });
    return c.json(toUser(user), 200);
  });
