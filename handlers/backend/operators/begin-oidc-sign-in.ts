import { createRoute, z } from '@hono/zod-openapi';
import { beginOidcSignIn } from '../../../lib/backend/operations/operators/oidc-sign-in.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import { consoleUrl } from './operator-response.ts';

const begun = z.object({
  challenge_id: id,
  authorization_url: z.string().openapi({ description: 'Where the browser goes to sign in.' }),
});

const route = createRoute({
  method: 'post',
  path: '/api/v1/internal/operator-oidc-sign-ins',
  operationId: 'beginOperatorOidcSignIn',
  summary: 'Begins a sign-in at the OpenID Connect issuer',
  tags: ['operators'],
  request: { body: jsonBody(z.strictObject({ console_url: consoleUrl })) },
  responses: {
    201: jsonResponse(begun, 'The sign-in, which the same browser finishes within ten minutes'),
    ...errorResponses('not_found', 'service_unavailable'),
  },
});

export const beginOidcSignInRoute = (deps: Parameters<typeof beginOidcSignIn>[0]) =>
  defineRoute(route, async (c) => {
    const { challengeId, authorizationUrl } = await beginOidcSignIn(deps, c.req.valid('json').console_url);
    return c.json({ challenge_id: challengeId, authorization_url: authorizationUrl }, 201);
  });
