// Pages of other origins may call the methods when their origins are listed. Without credentials: requests are signed,
// and no cookie is ever read. A request of another origin is served like any other, but its page cannot read the
// response, and its browser does not send one without the preflight's consent.
import type { IncomingMessage, ServerResponse } from 'node:http';

const allowedHeaders = [
  'Content-Type',
  'Connect-Protocol-Version',
  'Connect-Timeout-Ms',
  'X-Grpc-Web',
  'X-User-Agent',
  'Grpc-Timeout',
  'X-Request-ID',
  'traceparent',
].join(', ');

const exposedHeaders = [
  'Grpc-Status',
  'Grpc-Message',
  'Grpc-Status-Details-Bin',
  'Retry-After',
  'X-Request-ID',
].join(', ');

/** Browsers remember it for that long: two hours are what Chromium accepts. */
const maxAgeSeconds = '7200';

/** @returns a function that sets the headers of a response by the origin of its request. */
export function allowOrigins(
  origins: readonly string[] = [],
): (request: IncomingMessage, response: ServerResponse) => void {
  const allowed = new Set(origins);
  return ({ method, headers: { origin } }, response) => {
    if (allowed.size === 0) return;
    response.setHeader('vary', 'Origin');
    if (origin === undefined || !allowed.has(origin)) return;
    response.setHeader('access-control-allow-origin', origin);
    if (method === 'OPTIONS') {
      response.setHeader('access-control-allow-methods', 'POST');
      response.setHeader('access-control-allow-headers', allowedHeaders);
      response.setHeader('access-control-max-age', maxAgeSeconds);
    } else response.setHeader('access-control-expose-headers', exposedHeaders);
  };
}
