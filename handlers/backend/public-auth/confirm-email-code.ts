import { createRoute, z } from '@hono/zod-openapi';
import { clientNetwork, coarseNetwork } from '../../../lib/backend/domain/client-network.ts';
import { confirmEmailCode } from '../../../lib/backend/operations/confirm-email-code.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import { keptTraceparent } from '../../../lib/telemetry/trace.ts';
import { confirmEmailCodeBody } from '../../../lib/users/sign-in-requests.ts';
import { clientAddressHeader } from './client-address.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/public/auth/confirm-email-code',
  operationId: 'confirmEmailCode',
  summary: 'Checks a mailed code and creates a session for a device key, at the first sign-in also the user',
  tags: ['sign-in'],
  request: { headers: clientAddressHeader, body: jsonBody(confirmEmailCodeBody) },
  responses: {
    201: jsonResponse(z.object({ device_session_id: id, user_id: id }), 'The new device session'),
    ...errorResponses('challenge_failed', 'account_blocked', 'rate_limited'),
  },
});

export const confirmEmailCodeRoute = (deps: Parameters<typeof confirmEmailCode>[0]) =>
  defineRoute(route, async (c) => {
    const body = c.req.valid('json');
    const address = c.req.valid('header')['x-client-address'];
    const session = await confirmEmailCode(deps, {
      challengeId: body.challenge_id,
      code: body.code,
      clientPublicKey: body.client_public_key,
      proof: body.proof,
      timeZone: body.time_zone,
      deviceName: body.device_name ?? null,
      clientNetwork: (address && clientNetwork(address)) ?? null,
      network: (address && coarseNetwork(address)) ?? null,
      traceparent: keptTraceparent(c.req.header('traceparent')),
    });
    return c.json({ device_session_id: session.deviceSessionId, user_id: session.userId }, 201);
  });
