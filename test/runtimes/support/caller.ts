// Sends requests to a listener over HTTP, and records its responses.
import { expect } from 'vitest';
import type { RecordedResponse, Transcript } from './transcript.ts';

export type RequestOptions = {
  /** The user that the gateway has verified. */
  readonly as?: string;
  /** Sent as JSON, a text as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

/** Sends `GET /path`. @param status that the response must have. */
export type Send = (
  step: string,
  request: string,
  status: number,
  options?: RequestOptions,
) => Promise<RecordedResponse>;

/** @param url of the listener. @param token its bearer token. */
export function caller(url: string, token: string, transcript: Transcript): Send {
  return async (step, request, status, { as, body, headers } = {}) => {
    const [method = '', path = ''] = request.split(' ');
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(as === undefined ? {} : { 'x-user-id': as }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    });
    const text = await response.text();
    expect({ step, status: response.status, text }).toEqual({ step, status, text });
    const recorded = { status, headers: response.headers, body: JSON.parse(text) };
    transcript.record(step, recorded);
    return recorded;
  };
}

/** A text field of a response. */
export function field({ body }: RecordedResponse, name: string): string {
  const value = body[name];
  if (typeof value !== 'string') throw new Error(`${name} is no text in ${JSON.stringify(body)}`);
  return value;
}
