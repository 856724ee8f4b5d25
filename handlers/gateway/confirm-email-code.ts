import type { Context } from 'hono';
import type { PublicAuth } from '../../lib/gateway/public-auth.ts';
import type { HttpEnv } from '../../lib/http/env.ts';
import { passToBackend } from './pass-to-backend.ts';

/** `POST /api/v1/public/auth/confirm-email-code` */
export function confirmEmailCode(auth: PublicAuth) {
  return (c: Context<HttpEnv>): Promise<Response> =>
    passToBackend(c, auth, '/api/v1/public/auth/confirm-email-code');
}
