import { createRoute, z } from '@hono/zod-openapi';
import { deleteOwnAccount } from '../../../lib/backend/operations/delete-user.ts';
import { userOf } from '../../../lib/http/actor.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noBody, timestamp } from '../../../lib/http/schemas.ts';
import { keptTraceparent } from '../../../lib/telemetry/trace.ts';

const route = createRoute({
  method: 'delete',
  path: '/api/v1/user/account',
  operationId: 'deleteAccount',
  summary:
    'Deletes the account permanently: it leaves its games, its sessions end, personal data is erased; a repeat changes nothing',
  tags: ['user'],
  request: { body: noBody },
  responses: {
    200: jsonResponse(z.object({ user_id: id, deleted_at: timestamp }), 'The account is deleted'),
    ...errorResponses('unauthenticated', 'account_blocked'),
  },
});

export const deleteAccountRoute = (deps: Parameters<typeof deleteOwnAccount>[0]) =>
  defineRoute(route, async (c) => {
    const { userId, deletedAt } = await deleteOwnAccount(deps, {
      userId: userOf(c.get('actor')).userId,
      traceparent: keptTraceparent(c.req.header('traceparent')),
    });
    return c.json({ user_id: userId, deleted_at: deletedAt.toISOString() }, 200);
  });
