import { createRoute, z } from '@hono/zod-openapi';
import { coarseNetwork } from '../../../lib/backend/domain/client-network.ts';
import { recoverAccount } from '../../../lib/backend/operations/recover-account.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import { keptTraceparent } from '../../../lib/telemetry/trace.ts';
import { recoverBody } from '../../../lib/users/sign-in-requests.ts';
import { clientAddressHeader } from './client-address.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/public/auth/recover',
  operationId: 'recover',
  summary: 'Checks a recovery code, uses it up and creates a session for a device key',
  tags: ['sign-in'],
  request: { headers: clientAddressHeader, body: jsonBody(recoverBody) },
  responses: {
    201: jsonResponse(z.object({ device_session_id: id, user_id: id }), 'The new device session'),
    ...errorResponses('challenge_failed', 'account_blocked'),
  },
});

export const recoverRoute = (deps: Parameters<typeof recoverAccount>[0]) =>
  defineRoute(route, async (c) => {
    const body = c.req.valid('json');
    const address = c.req.valid('header')['x-client-address'];
    const session = await recoverAccount(deps, {
      email: body.email,
      recoveryCode: body.recovery_code,
      clientPublicKey: body.client_public_key,
      proof: body.proof,
      deviceName: body.device_name ?? null,
      network: (address && coarseNetwork(address)) ?? null,
      traceparent: keptTraceparent(c.req.header('traceparent')),
    });
    return c.json({ device_session_id: session.deviceSessionId, user_id: session.userId }, 201);
  });
