// Sign-in, and links of mails, over the public listener: the gateway forwards the request to the backend and returns the response unchanged,
// if it is well formed: 200 to 202 with a JSON object, or an error with the platform's error body. Any other response
// becomes a 503, within the time-out of calls to the backend.
import { z } from 'zod';
import { Refusal } from '../../errors/table.ts';
import { unknownAddress } from '../../http/client-address.ts';
import type { ExchangeResponse } from '../../http/exchange.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { RejectedError } from '../domain/rejection.ts';
import { parseJson } from '../parse-json.ts';
import type { UpstreamService } from './upstream.ts';

export type AuthRequest = {
  path:
    | `/api/v1/public/auth/${'send-email-code' | 'confirm-email-code' | 'recover'}`
    | '/api/v1/public/mail/unsubscribe';
  /** JSON. */
  body: Uint8Array;
  requestId: string;
  /** See lib/http/client-address.ts; the backend limits requests by it. */
  clientAddress: string;
  traceHeaders: Record<string, string>;
  signal: AbortSignal;
};

export type AuthResponse = {
  status: number;
  /** JSON. */
  body: Uint8Array<ArrayBuffer>;
  /** Seconds, as the backend wrote them. */
  retryAfter: string | undefined;
};

export type PublicAuth = { forward(request: AuthRequest): Promise<AuthResponse> };

/**
 * `forward` throws a Refusal: service_unavailable when the backend cannot be reached, is too slow or sends a malformed
 * response, and the log says why; rate_limited when too many sign-ins wait for it.
 */
export function createPublicAuth(
  backend: Pick<UpstreamService, 'call' | 'unavailable'>,
  log: Pick<Logger, 'warn'>,
): PublicAuth {
  return {
    async forward({ path, body, requestId, clientAddress, traceHeaders, signal }) {
      try {
        const response = await backend.call({
          method: 'POST',
          target: path,
          headers: {
            'x-request-id': requestId,
            'content-type': 'application/json',
            ...(clientAddress === unknownAddress ? {} : { 'x-client-address': clientAddress }),
            ...traceHeaders,
          },
          body,
          signal,
        });
        const problem = problemOf(response);
        if (problem !== undefined) throw backend.unavailable(problem);
        const retryAfter = response.headers['retry-after'];
        return {
          status: response.status,
          body: Uint8Array.from(response.body),
          retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
        };
      } catch (error) {
        if (!(error instanceof RejectedError)) throw error;
        const { reason, retryAfterMs = 0 } = error.rejection;
        if (reason === 'OVERLOADED') {
          throw new Refusal(
            'rate_limited',
            'There are too many requests at the moment; try again in a moment.',
            {
              retry_after_seconds: Math.ceil(retryAfterMs / 1_000),
            },
          );
        }
        const what = path.startsWith('/api/v1/public/auth/') ? 'Sign-in' : 'This';
        log.warn({ error, request_id: requestId, path }, 'the backend is not available to a public route');
        throw new Refusal('service_unavailable', `${what} is not available at the moment; try again later.`);
      }
    },
  };
}

const objectSchema = z.record(z.string(), z.unknown());
const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

function problemOf({ status, headers, body }: ExchangeResponse): string | undefined {
  const success = status >= 200 && status <= 202;
  if (!success && (status < 400 || status > 599)) return `responded with ${status}`;
  const type = headers['content-type'];
  if (typeof type !== 'string' || !/^application\/json\s*(;|$)/i.test(type)) {
    return `responded with ${status} and ${type ?? 'no content type'} instead of JSON`;
  }
  const schema = success ? objectSchema : errorSchema;
  return schema.safeParse(parseJson(body)).success
    ? undefined
    : `responded with ${status} and an unexpected body`;
}
