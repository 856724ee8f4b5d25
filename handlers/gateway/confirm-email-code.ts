import type { Context } from 'hono';
import { z } from 'zod';
import type { HttpEnv } from '../../lib/http/env.ts';
import { passToBackend, type SignIn } from './pass-to-backend.ts';

const limitedBody = z.object({ challenge_id: z.string() });

/** `POST /api/v1/public/auth/confirm-email-code` */
export function confirmEmailCode(signIn: SignIn) {
  return (c: Context<HttpEnv>): Promise<Response> =>
    passToBackend(c, signIn, '/api/v1/public/auth/confirm-email-code', (body) => {
      const { data } = limitedBody.safeParse(body);
      if (data !== undefined) signIn.limits.challenge(data.challenge_id);
    });
}
