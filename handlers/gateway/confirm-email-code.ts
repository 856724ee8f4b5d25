import { createRoute } from '@hono/zod-openapi';
import { defineRoute } from '../../lib/http/route.ts';
import { jsonBody } from '../../lib/http/schemas.ts';
import { confirmEmailCodeBody } from '../../lib/users/sign-in-requests.ts';
import { passToBackend, type SignIn } from './pass-to-backend.ts';

const path = '/api/v1/public/auth/confirm-email-code';

const route = createRoute({
  method: 'post',
  path,
  request: { body: jsonBody(confirmEmailCodeBody) },
  responses: { 201: { description: 'The response of the backend' } },
});

/** Only a valid request counts for its challenge. */
export const confirmEmailCodeRoute = (signIn: SignIn) =>
  defineRoute(route, (c) => {
    signIn.limits.challenge(c.req.valid('json').challenge_id);
    return passToBackend(c, signIn, path);
  });
