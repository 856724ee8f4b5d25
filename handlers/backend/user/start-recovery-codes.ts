import { createRoute, z } from '@hono/zod-openapi';
import { startRecoveryCodes } from '../../../lib/backend/operations/start-recovery-codes.ts';
import { userOf } from '../../../lib/http/actor.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noBody, timestamp } from '../../../lib/http/schemas.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/user/recovery-codes/start',
  operationId: 'startRecoveryCodes',
  summary: 'Mails a code that allows to create recovery codes',
  tags: ['user'],
  request: {
    headers: z.object({
      'x-device-session-id': id.optional().openapi({ description: 'Set by the gateway.' }),
    }),
    body: noBody,
  },
  responses: {
    202: jsonResponse(
      z.object({ challenge_id: id, expires_at: timestamp }),
      'A challenge that the mailed code confirms until it expires',
    ),
    ...errorResponses('unauthenticated', 'account_blocked', 'rate_limited'),
  },
});

export const startRecoveryCodesRoute = (deps: Parameters<typeof startRecoveryCodes>[0]) =>
  defineRoute(route, async (c) => {
    const { challengeId, expiresAt } = await startRecoveryCodes(deps, {
      userId: userOf(c.get('actor')).userId,
      deviceSessionId: c.req.valid('header')['x-device-session-id'],
    });
    return c.json({ challenge_id: challengeId, expires_at: expiresAt.toISOString() }, 202);
  });
