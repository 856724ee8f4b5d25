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

/**
 * Sends the request on to the backend and responds with the backend's response.
 * @param limit throws when there were too many such requests; gets the parsed body, undefined when it is not JSON.
 * The backend validates the body.
 */
export async function passToBackend(
  c: Context<HttpEnv>,
  { auth, clientAddressOf }: Pick<SignIn, 'auth' | 'clientAddressOf'>,
  path: AuthRequest['path'],
  limit: (body: unknown) => void,
): Promise<Response> {
  const bytes = new Uint8Array(await c.req.arrayBuffer());
  limit(parseForgivingly(bytes));
  const { status, body, retryAfter } = await auth.forward({
    path,
    body: bytes,
    contentType: c.req.header('content-type'),
    requestId: c.get('requestId'),
    clientAddress: clientAddressOf(c),
    traceHeaders: traceHeaders(c.req.header('traceparent')),
    signal: c.req.raw.signal,
  });
  c.header('content-type', 'application/json');
  if (retryAfter !== undefined) c.header('retry-after', retryAfter);
  return c.body(body, status as ContentfulStatusCode);
}

// As forgiving as the backend: a body that it can read must not evade the limits.
const utf8 = new TextDecoder();

function parseForgivingly(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    return undefined;
  }
}
