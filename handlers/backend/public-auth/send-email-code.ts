import { createRoute, z } from '@hono/zod-openapi';
import { clientNetwork } from '../../../lib/backend/domain/client-network.ts';
import { sendEmailCode } from '../../../lib/backend/operations/send-email-code.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse, timestamp } from '../../../lib/http/schemas.ts';
import { unknownLocale } from '../../../lib/users/profile.ts';
import { sendEmailCodeBody } from '../../../lib/users/sign-in-requests.ts';
import { clientAddressHeader } from './client-address.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/public/auth/send-email-code',
  operationId: 'sendEmailCode',
  summary:
    'Mails a sign-in code of 8 or 12 digits; the response is the same whether or not the address has an account',
  tags: ['sign-in'],
  request: {
    headers: clientAddressHeader,
    body: jsonBody(sendEmailCodeBody),
  },
  responses: {
    202: jsonResponse(
      z.object({ challenge_id: id, expires_at: timestamp }),
      'A challenge that the mailed code confirms until it expires',
    ),
    ...errorResponses('rate_limited'),
  },
});

export const sendEmailCodeRoute = (deps: Parameters<typeof sendEmailCode>[0]) =>
  defineRoute(route, async (c) => {
    const body = c.req.valid('json');
    const address = c.req.valid('header')['x-client-address'];
    const challenge = await sendEmailCode(deps, {
      email: body.email,
      locale: body.locale ?? unknownLocale,
      clientNetwork: (address && clientNetwork(address)) ?? null,
      knownDevice: body.known_device && {
        deviceSessionId: body.known_device.device_session_id,
        timestampMs: body.known_device.timestamp_ms,
        signature: body.known_device.signature,
      },
    });
    return c.json(
      { challenge_id: challenge.challengeId, expires_at: challenge.expiresAt.toISOString() },
      202,
    );
  });
