import type { Context } from 'hono';
import type { PublicAuth } from '../../lib/gateway/public-auth.ts';
import type { HttpEnv } from '../../lib/http/env.ts';
import { traceHeaders } from '../../lib/telemetry/trace.ts';

/** `POST /api/v1/public/auth/send-email-code`, answered by the backend. */
export function sendEmailCode(auth: PublicAuth) {
  return async (c: Context<HttpEnv>): Promise<Response> =>
    auth.ask({
      path: '/api/v1/public/auth/send-email-code',
      body: new Uint8Array(await c.req.arrayBuffer()),
      contentType: c.req.header('content-type'),
      requestId: c.get('requestId'),
      traceHeaders: traceHeaders(c.req.header('traceparent')),
      signal: c.req.raw.signal,
    });
}
