// Lobby routes for gateways that know one upstream only: the request goes to the lobby's public port as it is, the
// lobby's answer comes back as it is. Of the headers only those pass that mean something to the lobby; who asks is
// for the lobby to judge.
import type { Handler } from 'hono';
import { proxy } from 'hono/proxy';
import type { BackendConfig } from '../../../lib/backend/config.ts';
import { Refusal } from '../../../lib/errors/table.ts';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { traceHeaders } from '../../../lib/telemetry/trace.ts';

export type LobbyUpstream = {
  /** Base URL without a slash at its end. */
  readonly httpUrl: string;
  readonly token: string | undefined;
  /** Bound on the whole exchange. */
  readonly timeoutMs: number;
};

/** The lobby as it is configured, if it is. */
export function lobbyUpstream({ httpUrl, ...rest }: BackendConfig['lobby']): LobbyUpstream | undefined {
  return httpUrl === undefined ? undefined : { httpUrl, ...rest };
}

const passedHeaders = [
  'accept',
  'content-type',
  'idempotency-key',
  'if-match',
  'x-device-session-id',
  'x-user-id',
] as const;

export function passToLobby({ httpUrl, token, timeoutMs }: LobbyUpstream): Handler<HttpEnv> {
  return async (c) => {
    const { method, url, body, signal } = c.req.raw;
    const { pathname, search } = new URL(url);
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const answer = await proxy(`${httpUrl}${pathname}${search}`, {
        method,
        headers: {
          ...Object.fromEntries(passedHeaders.map((name) => [name, c.req.header(name)])),
          ...traceHeaders(c.req.header('traceparent')),
          'x-request-id': c.get('requestId'),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        ...(body === null ? {} : { body: await c.req.arrayBuffer() }),
        redirect: 'manual',
        signal: AbortSignal.any([signal, timeout]),
      });
      // Read here, so that an answer that breaks off is a failure too and not half an answer.
      const bytes = await answer.arrayBuffer();
      // Passed on, it would look to the gateway as if its own token were wrong.
      if (answer.status === 401 && answer.headers.has('www-authenticate')) {
        throw new Error('it refuses the token; BACKEND_LOBBY_HTTP_TOKEN must be its LOBBY_PUBLIC_HTTP_TOKEN');
      }
      return new Response(bytes.byteLength === 0 ? null : bytes, answer);
    } catch (error) {
      if (signal.aborted) throw error;
      c.get('log').warn({ error, timed_out: timeout.aborted }, 'the lobby did not answer');
      throw new Refusal('service_unavailable', 'The lobby does not answer right now; try again later.');
    }
  };
}
