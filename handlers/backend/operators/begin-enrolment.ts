import { createRoute, z } from '@hono/zod-openapi';
import { beginEnrolment } from '../../../lib/backend/operations/operators/enrol.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import { consoleUrl, token } from './operator-response.ts';

const begun = z.object({
  challenge_id: id,
  options: z
    .looseObject({})
    .openapi({ description: '`PublicKeyCredentialCreationOptionsJSON` of WebAuthn.' }),
});

const route = createRoute({
  method: 'post',
  path: '/api/v1/internal/operator-enrolments',
  operationId: 'beginOperatorEnrolment',
  summary: 'Begins to enrol a passkey with a link',
  tags: ['operators'],
  request: { body: jsonBody(z.strictObject({ link_token: token, console_url: consoleUrl })) },
  responses: {
    201: jsonResponse(begun, 'What the browser passes to the authenticator'),
    ...errorResponses('challenge_failed'),
  },
});

export const beginEnrolmentRoute = (deps: Parameters<typeof beginEnrolment>[0]) =>
  defineRoute(route, async (c) => {
    const { link_token: linkToken, console_url } = c.req.valid('json');
    const { challengeId, options } = await beginEnrolment(deps, { linkToken, consoleUrl: console_url });
    const json: Record<string, unknown> = { ...options };
    return c.json({ challenge_id: challengeId, options: json }, 201);
  });
