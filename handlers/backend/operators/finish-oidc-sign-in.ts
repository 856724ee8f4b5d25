import { createRoute, z } from '@hono/zod-openapi';
import { finishOidcSignIn } from '../../../lib/backend/operations/operators/oidc-sign-in.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import { openedSessionSchema, toOpenedSession } from './operator-response.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/internal/operator-oidc-sign-ins/{challenge_id}/finish',
  operationId: 'finishOperatorOidcSignIn',
  summary: 'Signs in the operator whose account the issuer names; a repeat is refused',
  tags: ['operators'],
  request: {
    params: z.strictObject({ challenge_id: id }),
    body: jsonBody(
      z.strictObject({
        query: z.string().max(8_192).openapi({ description: 'Of the URL at which the browser came back.' }),
      }),
    ),
  },
  responses: {
    201: jsonResponse(openedSessionSchema, 'The session of the operator'),
    ...errorResponses('not_found', 'challenge_failed', 'service_unavailable'),
  },
});

export const finishOidcSignInRoute = (deps: Parameters<typeof finishOidcSignIn>[0]) =>
  defineRoute(route, async (c) => {
    const { challenge_id: challengeId } = c.req.valid('param');
    const session = await finishOidcSignIn(deps, { challengeId, query: c.req.valid('json').query });
    return c.json(toOpenedSession(session), 201);
  });
