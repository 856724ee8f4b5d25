// One request to another service over HTTP, bounded in time and size. Redirects are not followed: they count as any
// other response that is not a 2xx.
import { traceHeaders } from '../telemetry/trace.ts';

export type ServiceResponse = { readonly status: number; readonly text: string };

export type ServiceQuestion = {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** The trace context of the caller, where there is one. */
  readonly traceparent?: string | undefined;
  /** Bound on the whole exchange, body included. */
  readonly timeoutMs: number;
  /** Bound on the body of the response, unpacked. */
  readonly maxBytes: number;
};

/** The response has more bytes than the caller reads. */
export class ResponseTooLarge extends Error {
  constructor(maxBytes: number) {
    super(`the response is larger than ${maxBytes} bytes`);
    this.name = 'ResponseTooLarge';
  }
}

/** What a request is sent with. */
export function headersOf({ token, headers, body, traceparent }: ServiceQuestion): Record<string, string> {
  return {
    accept: 'application/json',
    ...headers,
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...traceHeaders(traceparent),
  };
}

/** @throws Error when the response is not complete in time; ResponseTooLarge. */
export async function askService(url: string, question: ServiceQuestion): Promise<ServiceResponse> {
  const { method, body, timeoutMs, maxBytes } = question;
  const response = await fetch(url, {
    method,
    headers: headersOf(question),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
  });
  // Always read to the end, so that the connection can be reused.
  return { status: response.status, text: await readText(response, maxBytes) };
}

async function readText({ body }: Response, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  // Leaving the loop ends the exchange.
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new ResponseTooLarge(maxBytes);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** @throws Error unless the status is a 2xx. @param tokenVariables of both sides, for the advice. */
export function refuseUnlessOk(
  { status }: ServiceResponse,
  tokenVariables: { ours: string; theirs: string },
): void {
  if (status >= 200 && status < 300) return;
  const { ours, theirs } = tokenVariables;
  const refused = status === 401 || status === 403;
  const advice = refused
    ? `; ${ours} must be the token of a caller in its ${theirs} that has the permission`
    : '';
  throw new Error(`it responded with status ${status}${advice}`);
}
