// HTTP calls to a service behind the gateway, bounded in time and size. A service that cannot be reached, is too slow
// or sends a malformed response is UPSTREAM_UNAVAILABLE: the gateway fails closed.
//
// A call needs a place: one of the connections, or of the places in the queue before them. When none is left it is
// refused as OVERLOADED, before anything was sent.
import { Pool } from 'undici';
import { connectionLife } from '../../http/connection-life.ts';
import { Exchange, type ExchangeResponse, toError } from '../../http/exchange.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { throttled } from '../../telemetry/throttled.ts';
import type { GatewayConfig } from '../config.ts';
import { RejectedError } from '../domain/rejection.ts';
import { Capacity, overloaded, type Release } from './capacity.ts';

const maxResponseBytes = 1024 * 1024;
const maxBodyBytes = 64 * 1024 * 1024;
const logRefusedTokenEveryMs = 30_000;

export type UpstreamCall = {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Path and query. */
  target: string;
  headers: Record<string, string>;
  body?: string | Uint8Array;
  /** Aborts when the caller has disconnected. */
  signal: AbortSignal;
};

/** How many calls may run at once, and how many more may wait for a connection. */
export type PoolSize = { readonly connections: number; readonly queue: number };

/** Strangers cause look-ups of sessions and sign-ins, so neither shares connections with the commands of players. */
export const poolSizes = {
  sessions: { connections: 128, queue: 896 },
  signIn: { connections: 16, queue: 64 },
  commands: { connections: 128, queue: 256 },
} as const satisfies Record<string, PoolSize>;

export class UpstreamService {
  readonly #name: string;
  readonly #pool: Pool;
  readonly #capacity: Capacity;
  readonly #basePath: string;
  readonly #timeoutMs: number;
  readonly #authorization: Record<string, string>;
  readonly #tokenRefused: () => void;

  /** @param options.tokenRefused called for every response that says that the token is missing, wrong or not enough. */
  constructor(options: {
    name: string;
    baseUrl: string;
    timeoutMs: number;
    size?: PoolSize;
    token?: string | undefined;
    tokenRefused?: () => void;
    connectionLifeMs?: number;
  }) {
    const url = new URL(options.baseUrl);
    this.#name = options.name;
    this.#basePath = url.pathname.replace(/\/$/, '');
    this.#timeoutMs = options.timeoutMs;
    this.#authorization = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
    this.#tokenRefused = options.tokenRefused ?? (() => {});
    const { connections, queue } = options.size ?? poolSizes.commands;
    this.#capacity = new Capacity({ requests: connections + queue, bytes: maxBodyBytes });
    this.#pool = new Pool(url.origin, {
      connections,
      connectTimeout: options.timeoutMs,
      clientTtl: options.connectionLifeMs ?? connectionLife(),
    });
  }

  /**
   * Takes a place for one call, to be passed to `call` or given back.
   * @throws RejectedError OVERLOADED
   */
  takePlace(bodyBytes: number): Release {
    const place = this.#capacity.take(bodyBytes);
    if (place === undefined) throw overloaded(`the ${this.#name}`);
    return place;
  }

  /**
   * A pooled connection can close at the moment at which it is used again, as when a replica of the service stops.
   * Reads are then tried once more; other requests might take effect twice.
   * @param place of `takePlace`; without one the call takes it itself. It is given back when the call has left the
   * connections and their queue, which can be later than its end for a caller who has gone.
   * @throws RejectedError UPSTREAM_UNAVAILABLE, OVERLOADED; when `signal` aborts, its reason as an Error.
   */
  async call(call: UpstreamCall, place = this.takePlace(call.body?.length ?? 0)): Promise<ExchangeResponse> {
    const deadline = performance.now() + this.#timeoutMs;
    let holders = 1;
    const letGo = () => {
      holders -= 1;
      if (holders === 0) place();
    };
    const exchange = () => {
      call.signal.throwIfAborted();
      holders += 1;
      return this.#exchange(call, deadline, letGo);
    };
    const response = await this.#send(call, exchange).finally(letGo);
    // A refusal without a challenge concerns the user, not the token.
    if (response.headers['www-authenticate'] !== undefined) {
      this.#tokenRefused();
      throw this.unavailable('refuses the token');
    }
    return response;
  }

  /** The error for a response that cannot be used. */
  unavailable(why: string, cause?: unknown): RejectedError {
    return new RejectedError(
      {
        reason: 'UPSTREAM_UNAVAILABLE',
        message: 'A service behind the gateway did not respond; try again later.',
      },
      { cause: new Error(`${this.#name}: ${why}`, { cause }) },
    );
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  async #send(call: UpstreamCall, exchange: () => Promise<ExchangeResponse>): Promise<ExchangeResponse> {
    try {
      return await exchange().catch((error) => {
        if (call.method !== 'GET' || !isLostConnection(error)) throw error;
        return exchange();
      });
    } catch (error) {
      // The HTTP listener aborts with a string, which callers do not expect as an error.
      if (call.signal.aborted) throw toError(call.signal.reason);
      throw this.unavailable(message(error), error);
    }
  }

  async #exchange(call: UpstreamCall, deadline: number, onOver: () => void): Promise<ExchangeResponse> {
    const exchange = new Exchange(maxResponseBytes, onOver);
    const timedOut = () => exchange.cut(new Error(`no response within ${this.#timeoutMs} ms`));
    const aborted = () => exchange.cut(call.signal.reason);
    const timer = setTimeout(timedOut, deadline - performance.now());
    call.signal.addEventListener('abort', aborted);
    try {
      this.#pool.dispatch(
        {
          method: call.method,
          path: this.#basePath + call.target,
          headers: { accept: 'application/json', ...call.headers, ...this.#authorization },
          body: call.body ?? null,
        },
        exchange,
      );
      return await exchange.response;
    } finally {
      clearTimeout(timer);
      call.signal.removeEventListener('abort', aborted);
    }
  }
}

function isLostConnection(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
}

function message(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}

/**
 * The backend, the lobby and the Game Master (`game`, if there is one) for commands, and the backend for session look-ups and for sign-in, each with a pool of its
 * own. Without an address for the lobby, its requests go to the backend.
 */
export function openUpstreams(
  config: Pick<GatewayConfig, 'backend' | 'lobby' | 'game' | 'upstreamToken'>,
  log: Pick<Logger, 'error'>,
): Record<'backend' | 'lobby' | 'sessions' | 'signIn', UpstreamService> & {
  game: UpstreamService | undefined;
} {
  const { httpUrl: backendUrl } = config.backend;
  const service = (
    name: 'backend' | 'lobby' | 'Game Master',
    baseUrl: string,
    callersVariable: string,
    { timeoutMs }: { timeoutMs: number } = config.backend,
  ) => {
    const tokenRefused = throttled(logRefusedTokenEveryMs, (times) =>
      log.error(
        { upstream: baseUrl, times },
        `the ${name} refuses the token; GATEWAY_UPSTREAM_TOKEN must be the token of a caller in its ${callersVariable} that has the permission`,
      ),
    );
    const options = { name, baseUrl, timeoutMs, token: config.upstreamToken, tokenRefused };
    return (size: PoolSize) => new UpstreamService({ ...options, size });
  };
  const { httpUrl: lobbyUrl } = config.lobby;
  const { httpUrl: gameUrl } = config.game;
  const backend = service('backend', backendUrl, 'BACKEND_HTTP_CALLERS');
  const lobby =
    lobbyUrl === undefined
      ? service('lobby', backendUrl, 'BACKEND_HTTP_CALLERS')
      : service('lobby', lobbyUrl, 'LOBBY_PUBLIC_HTTP_CALLERS');
  return {
    sessions: backend(poolSizes.sessions),
    signIn: backend(poolSizes.signIn),
    backend: backend(poolSizes.commands),
    lobby: lobby(poolSizes.commands),
    game:
      gameUrl === undefined
        ? undefined
        : service('Game Master', gameUrl, 'GM_PUBLIC_HTTP_CALLERS', config.game)(poolSizes.commands),
  };
}
