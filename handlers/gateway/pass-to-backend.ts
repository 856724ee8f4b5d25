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
 * Asks the backend the same question and answers what it answered.
 * @param limit throws when there were too many such questions; gets the body as it was parsed, undefined when it is no
 * JSON. What is wrong with a body is for the backend to say.
 */
export async function passToBackend(
  c: Context<HttpEnv>,
  { auth, clientAddressOf }: Pick<SignIn, 'auth' | 'clientAddressOf'>,
  path: AuthRequest['path'],
  limit: (body: unknown) => void,
): Promise<Response> {
  const question = new Uint8Array(await c.req.arrayBuffer());
  limit(parseForgivingly(question));
  const { status, body, retryAfter } = await auth.forward({
    path,
    body: question,
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

// Forgiving, as the backend is: what it can read must not pass by the limits.
const utf8 = new TextDecoder();

function parseForgivingly(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    return undefined;
  }
}
