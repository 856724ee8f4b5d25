import { createRoute, z } from '@hono/zod-openapi';
import { startEmailChange } from '../../../lib/backend/operations/start-email-change.ts';
import { userOf } from '../../../lib/http/actor.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse, timestamp } from '../../../lib/http/schemas.ts';
import { emailInput } from '../../../lib/users/sign-in-requests.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/user/email/start-change',
  operationId: 'startEmailChange',
  summary: 'Mails a code to the address of the account and another one to the new address',
  tags: ['user'],
  request: {
    headers: z.object({
      'x-device-session-id': id.optional().openapi({ description: 'Set by the gateway.' }),
    }),
    body: jsonBody(z.strictObject({ new_email: emailInput })),
  },
  responses: {
    202: jsonResponse(
      z.object({ email_change_id: id, expires_at: timestamp }),
      'A change that both codes confirm until it expires',
    ),
    ...errorResponses('unauthenticated', 'account_blocked', 'rate_limited'),
  },
});

export const startEmailChangeRoute = (deps: Parameters<typeof startEmailChange>[0]) =>
  defineRoute(route, async (c) => {
    const { emailChangeId, expiresAt } = await startEmailChange(deps, {
      userId: userOf(c.get('actor')).userId,
      deviceSessionId: c.req.valid('header')['x-device-session-id'],
      newEmail: c.req.valid('json').new_email,
    });
    return c.json({ email_change_id: emailChangeId, expires_at: expiresAt.toISOString() }, 202);
  });
