// Sign-in over the public listener: the backend decides, the gateway hands question and answer through unchanged.
import { Refusal } from '../errors/table.ts';
import { RejectedError } from './rejected-error.ts';
import type { UpstreamService } from './upstream.ts';

export type AuthQuestion = {
  path: '/api/v1/public/auth/send-email-code' | '/api/v1/public/auth/confirm-email-code';
  body: Uint8Array;
  contentType: string | undefined;
  requestId: string;
  traceHeaders: Record<string, string>;
  signal: AbortSignal;
};

export type AuthAnswer = {
  status: number;
  /** JSON. */
  body: Uint8Array<ArrayBuffer>;
  /** Seconds, as the backend wrote them. */
  retryAfter: string | undefined;
};

export type PublicAuth = { ask(question: AuthQuestion): Promise<AuthAnswer> };

/** @throws Refusal service_unavailable when the backend cannot be reached, is too slow or answers no JSON. */
export function createPublicAuth(backend: UpstreamService): PublicAuth {
  return {
    async ask({ path, body, contentType, requestId, traceHeaders, signal }) {
      try {
        const answer = await backend.call({
          method: 'POST',
          target: path,
          headers: {
            'x-request-id': requestId,
            ...(contentType === undefined ? {} : { 'content-type': contentType }),
            ...traceHeaders,
          },
          body,
          signal,
        });
        const text = Uint8Array.from(answer.body);
        JSON.parse(new TextDecoder().decode(text));
        const retryAfter = answer.headers['retry-after'];
        return {
          status: answer.status,
          body: text,
          retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
        };
      } catch (error) {
        if (error instanceof RejectedError || error instanceof SyntaxError) {
          throw new Refusal('service_unavailable', 'Sign-in is not available right now; try again later.');
        }
        throw error;
      }
    },
  };
}
