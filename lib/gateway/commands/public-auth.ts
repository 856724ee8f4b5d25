// Sign-in over the public listener: the backend decides, the gateway hands question and answer through unchanged. An
// answer passes only if it is one that the backend could have meant: 200 to 202 with a JSON object, or an error with
// the platform's error body. Anything else is 503, within the bound on calls to the backend.
import { z } from 'zod';
import { Refusal } from '../../errors/table.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { unknownAddress } from '../client-address.ts';
import { parseJson } from '../parse-json.ts';
import { RejectedError } from '../rejected-error.ts';
import type { UpstreamResponse, UpstreamService } from './upstream.ts';

export type AuthQuestion = {
  path: '/api/v1/public/auth/send-email-code' | '/api/v1/public/auth/confirm-email-code';
  body: Uint8Array;
  contentType: string | undefined;
  requestId: string;
  /** As lib/gateway/client-address.ts tells it; the backend limits by it. */
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

export type PublicAuth = { ask(question: AuthQuestion): Promise<AuthResponse> };

/**
 * `ask` throws a Refusal service_unavailable when the backend cannot be reached, is too slow or answers nonsense; the
 * log says why.
 */
export function createPublicAuth(
  backend: Pick<UpstreamService, 'call' | 'unavailable'>,
  log: Pick<Logger, 'warn'>,
): PublicAuth {
  return {
    async ask({ path, body, contentType, requestId, clientAddress, traceHeaders, signal }) {
      try {
        const answer = await backend.call({
          method: 'POST',
          target: path,
          headers: {
            'x-request-id': requestId,
            ...(contentType === undefined ? {} : { 'content-type': contentType }),
            ...(clientAddress === unknownAddress ? {} : { 'x-client-address': clientAddress }),
            ...traceHeaders,
          },
          body,
          signal,
        });
        const nonsense = whatIsWrong(answer);
        if (nonsense !== undefined) throw backend.unavailable(nonsense);
        const retryAfter = answer.headers['retry-after'];
        return {
          status: answer.status,
          body: Uint8Array.from(answer.body),
          retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
        };
      } catch (error) {
        if (!(error instanceof RejectedError)) throw error;
        log.warn({ error, request_id: requestId, path }, 'sign-in is not available');
        throw new Refusal('service_unavailable', 'Sign-in is not available right now; try again later.');
      }
    },
  };
}

const objectSchema = z.record(z.string(), z.unknown());
const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

function whatIsWrong({ status, headers, body }: UpstreamResponse): string | undefined {
  const success = status >= 200 && status <= 202;
  if (!success && (status < 400 || status > 599)) return `answered ${status}`;
  const type = headers['content-type'];
  if (typeof type !== 'string' || !/^application\/json\s*(;|$)/i.test(type)) {
    return `answered ${status} as ${type ?? 'nothing'} instead of JSON`;
  }
  const schema = success ? objectSchema : errorSchema;
  return schema.safeParse(parseJson(body)).success ? undefined : `answered ${status} with another body`;
}
