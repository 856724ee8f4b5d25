import { createRoute, z } from '@hono/zod-openapi';
import { beginSignIn } from '../../../lib/backend/operations/operators/sign-in.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import { consoleUrl } from './operator-response.ts';

const begun = z.object({
  challenge_id: id,
  options: z.looseObject({}).openapi({ description: '`PublicKeyCredentialRequestOptionsJSON` of WebAuthn.' }),
});

const route = createRoute({
  method: 'post',
  path: '/api/v1/internal/operator-sign-ins',
  operationId: 'beginOperatorSignIn',
  summary: 'Begins a sign-in by passkey',
  tags: ['operators'],
  request: { body: jsonBody(z.strictObject({ console_url: consoleUrl })) },
  responses: {
    201: jsonResponse(begun, 'What the browser passes to the authenticator'),
    ...errorResponses(),
  },
});

export const beginSignInRoute = (deps: Parameters<typeof beginSignIn>[0]) =>
  defineRoute(route, async (c) => {
    const { challengeId, options } = await beginSignIn(deps, c.req.valid('json').console_url);
    const json: Record<string, unknown> = { ...options };
    return c.json({ challenge_id: challengeId, options: json }, 201);
  });
