// Lobby routes for gateways that know one upstream only: request and response pass unchanged between the caller and
// the lobby's public listener, except that only the headers below are forwarded. The lobby authenticates the user.
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

/** The configured lobby, if there is one. */
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
      const response = await proxy(`${httpUrl}${pathname}${search}`, {
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
      // Read here, so that a response that breaks off is a failure too and not half a response.
      const bytes = await response.arrayBuffer();
      // To the gateway it would look as if its own token were wrong.
      if (response.headers.has('www-authenticate')) {
        throw new Error(
          'it refuses the backend; BACKEND_LOBBY_HTTP_TOKEN must be the token of a caller in its LOBBY_PUBLIC_HTTP_CALLERS, with the permission users.act',
        );
      }
      return new Response(bytes.byteLength === 0 ? null : bytes, response);
    } catch (error) {
      if (signal.aborted) throw error;
      c.get('log').warn({ error, timed_out: timeout.aborted }, 'the lobby did not respond');
      throw new Refusal('service_unavailable', 'The lobby does not respond right now; try again later.');
    }
  };
}
