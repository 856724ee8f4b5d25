import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { AuthRequest, PublicAuth } from '../../lib/gateway/commands/public-auth.ts';
import type { SignInLimits } from '../../lib/gateway/rate-limit/limits.ts';
import type { HttpEnv } from '../../lib/http/env.ts';
import { traceHeaders } from '../../lib/telemetry/trace.ts';

export type SignIn = {
  auth: PublicAuth;
  limits: SignInLimits;
  clientAddressOf: (c: Context<HttpEnv>) => string;
};

/** Sends a request whose body was checked on to the backend and responds with the backend's response. */
export async function passToBackend(
  c: Context<HttpEnv>,
  to: Pick<SignIn, 'auth' | 'clientAddressOf'>,
  path: AuthRequest['path'],
): Promise<Response> {
  return passOn(c, to, path, new Uint8Array(await c.req.arrayBuffer()));
}

/** As `passToBackend`, with a body of one's own. */
export async function passOn(
  c: Context<HttpEnv>,
  { auth, clientAddressOf }: Pick<SignIn, 'auth' | 'clientAddressOf'>,
  path: AuthRequest['path'],
  requestBody: Uint8Array,
): Promise<Response> {
  const { status, body, retryAfter } = await auth.forward({
    path,
    body: requestBody,
    requestId: c.get('requestId'),
    clientAddress: clientAddressOf(c),
    traceHeaders: traceHeaders(c.req.header('traceparent')),
    signal: c.req.raw.signal,
  });
  c.header('content-type', 'application/json');
  if (retryAfter !== undefined) c.header('retry-after', retryAfter);
  return c.body(body, status as ContentfulStatusCode);
}
