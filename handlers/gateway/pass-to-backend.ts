import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { AuthQuestion, PublicAuth } from '../../lib/gateway/public-auth.ts';
import type { HttpEnv } from '../../lib/http/env.ts';
import { traceHeaders } from '../../lib/telemetry/trace.ts';

/** Asks the backend the same question and answers what it answered. */
export async function passToBackend(
  c: Context<HttpEnv>,
  auth: PublicAuth,
  path: AuthQuestion['path'],
): Promise<Response> {
  const { status, body, retryAfter } = await auth.ask({
    path,
    body: new Uint8Array(await c.req.arrayBuffer()),
    contentType: c.req.header('content-type'),
    requestId: c.get('requestId'),
    traceHeaders: traceHeaders(c.req.header('traceparent')),
    signal: c.req.raw.signal,
  });
  c.header('content-type', 'application/json');
  if (retryAfter !== undefined) c.header('retry-after', retryAfter);
  return c.body(body, status as ContentfulStatusCode);
}
