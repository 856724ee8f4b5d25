import { createRoute, z } from '@hono/zod-openapi';
import { findSession } from '../../../lib/backend/operations/find-session.ts';
import { toBase64 } from '../../../lib/http/base64.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, timestamp } from '../../../lib/http/schemas.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/internal/sessions/{device_session_id}',
  operationId: 'getSession',
  summary: 'A device session with its key; the gateway reads it before every command',
  tags: ['internal'],
  request: { params: z.strictObject({ device_session_id: id }) },
  responses: {
    200: jsonResponse(
      z.object({
        device_session_id: id,
        user_id: id,
        status: z.enum(['active', 'revoked']),
        client_public_key: z.base64(),
        use_is_due: z
          .literal(true)
          .optional()
          .openapi({ description: 'Its use is to be reported once a signature was verified.' }),
        created_at: timestamp,
        revoked_at: timestamp.optional(),
      }),
      'The session; also revoked when its user is blocked or deleted',
    ),
    ...errorResponses('not_found'),
  },
});

export const getSessionRoute = (deps: Parameters<typeof findSession>[0]) =>
  defineRoute(route, async (c) => {
    const session = await findSession(deps, c.req.valid('param').device_session_id);
    return c.json(
      {
        device_session_id: session.deviceSessionId,
        user_id: session.userId,
        status: session.revokedAt === null ? ('active' as const) : ('revoked' as const),
        client_public_key: toBase64(session.clientPublicKey),
        ...(session.useIsDue ? { use_is_due: true as const } : {}),
        created_at: session.createdAt.toISOString(),
        ...(session.revokedAt === null ? {} : { revoked_at: session.revokedAt.toISOString() }),
      },
      200,
    );
  });
