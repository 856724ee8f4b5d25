import { createRoute, z } from '@hono/zod-openapi';
import { finishSignIn } from '../../../lib/backend/operations/operators/sign-in.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import { base64Url, openedSessionSchema, toOpenedSession } from './operator-response.ts';

const response = z.object({
  id: base64Url,
  rawId: base64Url,
  type: z.literal('public-key'),
  response: z.object({ clientDataJSON: base64Url, authenticatorData: base64Url, signature: base64Url }),
});

const route = createRoute({
  method: 'post',
  path: '/api/v1/internal/operator-sign-ins/{challenge_id}/finish',
  operationId: 'finishOperatorSignIn',
  summary: 'Signs the operator in whose passkey it is',
  tags: ['operators'],
  request: {
    params: z.strictObject({ challenge_id: id }),
    body: jsonBody(z.strictObject({ response })),
  },
  responses: {
    201: jsonResponse(openedSessionSchema, 'The session of the operator'),
    ...errorResponses('challenge_failed'),
  },
});

export const finishSignInRoute = (deps: Parameters<typeof finishSignIn>[0]) =>
  defineRoute(route, async (c) => {
    const { response } = c.req.valid('json');
    const session = await finishSignIn(deps, {
      challengeId: c.req.valid('param').challenge_id,
      response: { ...response, clientExtensionResults: {} },
    });
    return c.json(toOpenedSession(session), 201);
  });
