// One HTTP call to a service behind the gateway, bounded in time and size. What cannot be reached, is too slow or
// cannot be parsed is UPSTREAM_UNAVAILABLE: the gateway fails closed and never guesses.
import { type Dispatcher, Pool } from 'undici';
import type { Logger } from '../../telemetry/logger.ts';
import { throttled } from '../../telemetry/throttled.ts';
import type { GatewayConfig } from '../config.ts';
import { RejectedError } from '../rejected-error.ts';

const maxResponseBytes = 1024 * 1024;
const maxConnections = 128;
const tellRefusedTokenEveryMs = 30_000;

export type UpstreamResponse = {
  readonly status: number;
  readonly headers: Dispatcher.ResponseData['headers'];
  readonly body: Buffer;
};

export type UpstreamCall = {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Path and query. */
  target: string;
  headers: Record<string, string>;
  body?: string | Uint8Array;
  /** Aborts when the caller has gone. */
  signal: AbortSignal;
};

export class UpstreamService {
  readonly #name: string;
  readonly #pool: Pool;
  readonly #basePath: string;
  readonly #timeoutMs: number;
  readonly #authorization: Record<string, string>;
  readonly #tokenRefused: () => void;

  /** @param options.tokenRefused told of every answer that says that the token is missing or wrong. */
  constructor(options: {
    name: string;
    baseUrl: string;
    timeoutMs: number;
    token?: string | undefined;
    tokenRefused?: () => void;
  }) {
    const url = new URL(options.baseUrl);
    this.#name = options.name;
    this.#basePath = url.pathname.replace(/\/$/, '');
    this.#timeoutMs = options.timeoutMs;
    this.#authorization = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
    this.#tokenRefused = options.tokenRefused ?? (() => {});
    this.#pool = new Pool(url.origin, { connections: maxConnections, connectTimeout: options.timeoutMs });
  }

  /**
   * A kept connection can end at the moment in which it is used again, as when a replica of the service stops. Reads
   * are tried once more then; anything else might happen twice.
   * @throws RejectedError UPSTREAM_UNAVAILABLE; the caller's own abort is thrown as an Error.
   */
  async call(call: UpstreamCall): Promise<UpstreamResponse> {
    const deadline = performance.now() + this.#timeoutMs;
    const answer = await this.#ask(call, deadline);
    // A 401 without a challenge is about the user.
    if (answer.status === 401 && answer.headers['www-authenticate'] !== undefined) {
      this.#tokenRefused();
      throw this.unavailable('refuses the token');
    }
    return answer;
  }

  /** The error for an answer that makes no sense. */
  unavailable(why: string, cause?: unknown): RejectedError {
    return new RejectedError(
      {
        reason: 'UPSTREAM_UNAVAILABLE',
        message: 'A service behind the gateway did not answer; try again later.',
      },
      { cause: new Error(`${this.#name}: ${why}`, { cause }) },
    );
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  async #ask(call: UpstreamCall, deadline: number): Promise<UpstreamResponse> {
    try {
      return await this.#exchange(call, deadline).catch((error) => {
        if (call.method !== 'GET' || !isLostConnection(error)) throw error;
        return this.#exchange(call, deadline);
      });
    } catch (error) {
      // The HTTP listener's reason is a mere text, which nothing upwards would handle.
      if (call.signal.aborted) throw toError(call.signal.reason);
      throw this.unavailable(message(error), error);
    }
  }

  async #exchange(call: UpstreamCall, deadline: number): Promise<UpstreamResponse> {
    call.signal.throwIfAborted();
    const exchange = new Exchange();
    const late = () => exchange.cut(new Error(`no answer within ${this.#timeoutMs} ms`));
    const gone = () => exchange.cut(call.signal.reason);
    const timer = setTimeout(late, deadline - performance.now());
    call.signal.addEventListener('abort', gone);
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
      return await exchange.answer;
    } finally {
      clearTimeout(timer);
      call.signal.removeEventListener('abort', gone);
    }
  }
}

/**
 * One request and its answer. The pool's `request` would wrap both into streams and signals of their own, at the price
 * of half of the whole call.
 */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #settle = Promise.withResolvers<UpstreamResponse>();
  readonly answer = this.#settle.promise;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #status = 0;
  #headers: UpstreamResponse['headers'] = {};
  #controller: Dispatcher.DispatchController | undefined;
  #why: unknown;

  /** Ends the exchange, wherever it is. */
  cut(why: unknown): void {
    this.#why = why;
    this.#settle.reject(why);
    this.#controller?.abort(toError(why));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // It waited for a connection when it was cut.
    if (this.#why !== undefined) controller.abort(toError(this.#why));
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: UpstreamResponse['headers'],
  ): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size > maxResponseBytes)
      this.cut(new Error(`the answer is larger than ${maxResponseBytes} bytes`));
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const [first] = this.#chunks;
    const body = first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks);
    this.#settle.resolve({ status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#settle.reject(error);
  }
}

function isLostConnection(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
}

function toError(why: unknown): Error {
  return why instanceof Error ? why : new Error(String(why));
}

function message(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}

/** The backend and the lobby; without an address of its own the lobby is reached through the backend. */
export function openUpstreams(
  config: Pick<GatewayConfig, 'backend' | 'lobby' | 'upstreamToken'>,
  log: Pick<Logger, 'error'>,
): Record<'backend' | 'lobby', UpstreamService> {
  const { httpUrl: backendUrl, timeoutMs } = config.backend;
  const open = (name: 'backend' | 'lobby', baseUrl: string, tokenVariable: string) =>
    new UpstreamService({
      name,
      baseUrl,
      timeoutMs,
      token: config.upstreamToken,
      tokenRefused: throttled(tellRefusedTokenEveryMs, (times) =>
        log.error(
          { upstream: baseUrl, times },
          `the ${name} refuses the token; GATEWAY_UPSTREAM_TOKEN must be its ${tokenVariable}`,
        ),
      ),
    });
  const { httpUrl: lobbyUrl } = config.lobby;
  return {
    backend: open('backend', backendUrl, 'BACKEND_HTTP_TOKEN'),
    lobby:
      lobbyUrl === undefined
        ? open('lobby', backendUrl, 'BACKEND_HTTP_TOKEN')
        : open('lobby', lobbyUrl, 'LOBBY_PUBLIC_HTTP_TOKEN'),
  };
}
