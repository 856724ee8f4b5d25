import { createRoute, z } from '@hono/zod-openapi';
import { confirmEmailChange } from '../../../lib/backend/operations/confirm-email-change.ts';
import { userOf } from '../../../lib/http/actor.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import { keptTraceparent } from '../../../lib/telemetry/trace.ts';
import { recoveryCode } from '../../../lib/users/recovery-code.ts';
import { mailedCode } from '../../../lib/users/sign-in-requests.ts';
import { accountSchema, toAccount } from './account-response.ts';

const bodySchema = z
  .strictObject({
    email_change_id: id,
    old_code: mailedCode
      .optional()
      .openapi({ description: 'From the mail to the address that the account has.' }),
    recovery_code: recoveryCode.optional().openapi({ description: 'In place of `old_code`.' }),
    new_code: mailedCode.openapi({ description: 'From the mail to the new address.' }),
  })
  .transform(({ old_code: oldCode, recovery_code: code, ...body }, context) => {
    if (oldCode !== undefined && code === undefined) return { ...body, by: { oldCode } };
    if (oldCode === undefined && code !== undefined) return { ...body, by: { recoveryCode: code } };
    context.addIssue({ code: 'custom', message: 'give either old_code or recovery_code' });
    return z.NEVER;
  })
  .openapi({ oneOf: [{ required: ['old_code'] }, { required: ['recovery_code'] }] });

const route = createRoute({
  method: 'post',
  path: '/api/v1/user/email/confirm-change',
  operationId: 'confirmEmailChange',
  summary: 'Gives the account the new address; all sessions end but that of the request',
  tags: ['user'],
  request: {
    headers: z.object({
      'x-device-session-id': id.optional().openapi({ description: 'Set by the gateway.' }),
    }),
    body: jsonBody(bodySchema),
  },
  responses: {
    200: jsonResponse(accountSchema, 'The account as it is now'),
    ...errorResponses('unauthenticated', 'account_blocked', 'challenge_failed', 'email_taken'),
  },
});

export const confirmEmailChangeRoute = (deps: Parameters<typeof confirmEmailChange>[0]) =>
  defineRoute(route, async (c) => {
    const body = c.req.valid('json');
    const user = await confirmEmailChange(deps, {
      userId: userOf(c.get('actor')).userId,
      deviceSessionId: c.req.valid('header')['x-device-session-id'],
      emailChangeId: body.email_change_id,
      by: body.by,
      newCode: body.new_code,
      traceparent: keptTraceparent(c.req.header('traceparent')),
    });
    return c.json(toAccount(user), 200);
  });
