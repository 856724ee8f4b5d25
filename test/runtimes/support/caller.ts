// Asks a listener over HTTP, and keeps what it answers.
import { expect } from 'vitest';
import type { Answer, Transcript } from './transcript.ts';

export type Question = {
  /** The user that the gateway has verified. */
  readonly as?: string;
  /** Sent as JSON, a text as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

/** Asks `GET /path`. @param status that the answer must have. */
export type Ask = (step: string, request: string, status: number, question?: Question) => Promise<Answer>;

/** @param url of the listener. @param token its bearer token. */
export function caller(url: string, token: string, transcript: Transcript): Ask {
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
    const answer = { status, headers: response.headers, body: JSON.parse(text) };
    transcript.record(step, answer);
    return answer;
  };
}

/** A text field of an answer. */
export function field({ body }: Answer, name: string): string {
  const value = body[name];
  if (typeof value !== 'string') throw new Error(`${name} is no text in ${JSON.stringify(body)}`);
  return value;
}
