import { createRoute, z } from '@hono/zod-openapi';
import { finishEnrolment } from '../../../lib/backend/operations/operators/enrol.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import { base64Url, openedSessionSchema, token, toOpenedSession } from './operator-response.ts';

const response = z.object({
  id: base64Url,
  rawId: base64Url,
  type: z.literal('public-key'),
  response: z.object({ clientDataJSON: base64Url, attestationObject: base64Url }),
});

const route = createRoute({
  method: 'post',
  path: '/api/v1/internal/operator-enrolments/{challenge_id}/finish',
  operationId: 'finishOperatorEnrolment',
  summary: 'Stores the passkey, uses the link up and signs the operator in',
  tags: ['operators'],
  request: {
    params: z.strictObject({ challenge_id: id }),
    body: jsonBody(z.strictObject({ link_token: token, response })),
  },
  responses: {
    201: jsonResponse(openedSessionSchema, 'The session of the operator'),
    ...errorResponses('challenge_failed'),
  },
});

export const finishEnrolmentRoute = (deps: Parameters<typeof finishEnrolment>[0]) =>
  defineRoute(route, async (c) => {
    const { link_token: linkToken, response } = c.req.valid('json');
    const session = await finishEnrolment(deps, {
      challengeId: c.req.valid('param').challenge_id,
      linkToken,
      response: { ...response, clientExtensionResults: {} },
    });
    return c.json(toOpenedSession(session), 201);
  });
