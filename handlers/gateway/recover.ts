import { createRoute } from '@hono/zod-openapi';
import { defineRoute } from '../../lib/http/route.ts';
import { jsonBody } from '../../lib/http/schemas.ts';
import { recoverBody } from '../../lib/users/sign-in-requests.ts';
import { passToBackend, type SignIn } from './pass-to-backend.ts';

const path = '/api/v1/public/auth/recover';

const route = createRoute({
  method: 'post',
  path,
  request: { body: jsonBody(recoverBody) },
  responses: { 201: { description: 'The response of the backend' } },
});

/** Only a valid request counts for its e-mail address. */
export const recoverRoute = (signIn: SignIn) =>
  defineRoute(route, (c) => {
    signIn.limits.recovery(c.req.valid('json').email, signIn.clientAddressOf(c));
    return passToBackend(c, signIn, path);
  });
