import { createRoute, z } from '@hono/zod-openapi';
import type { BackendContext } from '../../../lib/backend/context.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, jsonResponse, noQuery } from '../../../lib/http/schemas.ts';

const methods = z.object({
  oidc_issuer: z
    .string()
    .optional()
    .openapi({ description: 'URL of the issuer at which operators may sign in, where there is one.' }),
});

const route = createRoute({
  method: 'get',
  path: '/api/v1/internal/operator-sign-in-methods',
  operationId: 'listOperatorSignInMethods',
  summary: 'How operators may sign in besides with a passkey',
  tags: ['operators'],
  request: { query: noQuery },
  responses: { 200: jsonResponse(methods, 'The methods'), ...errorResponses() },
});

export const listSignInMethodsRoute = ({ oidcIssuer }: Pick<BackendContext, 'oidcIssuer'>) =>
  defineRoute(route, async (c) =>
    c.json(oidcIssuer === undefined ? {} : { oidc_issuer: oidcIssuer.url }, 200),
  );
