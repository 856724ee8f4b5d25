import { createRoute, z } from '@hono/zod-openapi';
import { previewRemoval } from '../../../lib/backend/operations/preview-removal.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noQuery } from '../../../lib/http/schemas.ts';
import { toUser, userSchema } from './user-response.ts';

const amount = z.int().nonnegative();

const previewSchema = z
  .object({
    user_id: id,
    status: userSchema.shape.status,
    block: z.object({ sessions_ended: amount }),
    deletion: z.object({
      sessions_ended: amount,
      waiting_mails_deleted: amount,
      recovery_codes_deleted: amount,
    }),
  })
  .openapi('AccountRemovalPreview');

const route = createRoute({
  method: 'get',
  path: '/api/v1/internal/users/{user_id}/removal-preview',
  operationId: 'previewAccountRemoval',
  summary: 'What a block or the deletion of a user would end here now; the lobby says what it would do there',
  tags: ['admin'],
  request: { params: z.strictObject({ user_id: id }), query: noQuery },
  responses: { 200: jsonResponse(previewSchema, 'What would be done'), ...errorResponses('not_found') },
});

export const previewRemovalRoute = (deps: Parameters<typeof previewRemoval>[0]) =>
  defineRoute(route, async (c) => {
    const preview = await previewRemoval(deps, c.req.valid('param').user_id);
    const { user, sessionsEnded } = preview;
    return c.json(
      {
        user_id: user.userId,
        status: toUser(user).status,
        block: { sessions_ended: sessionsEnded },
        deletion: {
          sessions_ended: sessionsEnded,
          waiting_mails_deleted: preview.waitingMailsDeleted,
          recovery_codes_deleted: preview.recoveryCodesDeleted,
        },
      },
      200,
    );
  });
