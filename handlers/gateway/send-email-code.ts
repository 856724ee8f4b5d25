import { createRoute } from '@hono/zod-openapi';
import { defineRoute } from '../../lib/http/route.ts';
import { jsonBody } from '../../lib/http/schemas.ts';
import { sendEmailCodeBody } from '../../lib/users/sign-in-requests.ts';
import { passToBackend, type SignIn } from './pass-to-backend.ts';

const path = '/api/v1/public/auth/send-email-code';

const route = createRoute({
  method: 'post',
  path,
  request: { body: jsonBody(sendEmailCodeBody) },
  responses: { 202: { description: 'The response of the backend' } },
});

/** Only a valid request counts for its e-mail address. */
export const sendEmailCodeRoute = (signIn: SignIn) =>
  defineRoute(route, (c) => {
    const { email, known_device: device } = c.req.valid('json');
    signIn.limits.email(email, signIn.clientAddressOf(c), device?.device_session_id);
    return passToBackend(c, signIn, path);
  });
