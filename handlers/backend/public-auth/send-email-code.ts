import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import { defaultLocale, email, locale } from '../../../lib/backend/domain/profile.ts';
import { sendEmailCode } from '../../../lib/backend/operations/send-email-code.ts';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { errorAnswers, id, jsonAnswer, jsonBody, timestamp } from '../../../lib/http/schemas.ts';

export const sendEmailCodeRoute = createRoute({
  method: 'post',
  path: '/api/v1/public/auth/send-email-code',
  operationId: 'sendEmailCode',
  summary: 'Mails a six-digit sign-in code; answers the same whether or not the address has an account',
  tags: ['sign-in'],
  request: { body: jsonBody(z.strictObject({ email, locale: locale.optional() })) },
  responses: {
    202: jsonAnswer(
      z.object({ challenge_id: id, expires_at: timestamp }),
      'A challenge that the mailed code confirms until it expires',
    ),
    ...errorAnswers('rate_limited'),
  },
});

export function sendEmailCodeHandler(
  deps: Parameters<typeof sendEmailCode>[0],
): RouteHandler<typeof sendEmailCodeRoute, HttpEnv> {
  return async (c) => {
    const body = c.req.valid('json');
    const challenge = await sendEmailCode(deps, { email: body.email, locale: body.locale ?? defaultLocale });
    return c.json(
      { challenge_id: challenge.challengeId, expires_at: challenge.expiresAt.toISOString() },
      202,
    );
  };
}
