// One HTTP call to a service behind the gateway, bounded in time and size. What cannot be reached, is too slow or
// cannot be parsed is UPSTREAM_UNAVAILABLE: the gateway fails closed and never guesses.
import { type Dispatcher, interceptors, Pool } from 'undici';
import { RejectedError } from './rejected-error.ts';

const maxAnswerBytes = 1024 * 1024;
const maxConnections = 128;

/**
 * A kept connection can end at the moment in which it is used again, as when a replica of the service stops. Reads are
 * tried once more then; anything else might happen twice.
 */
const onceMoreForReads = {
  maxRetries: 1,
  minTimeout: 1,
  methods: ['GET'] satisfies Dispatcher.HttpMethod[],
  statusCodes: [],
  errorCodes: ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'],
};

export type UpstreamAnswer = {
  readonly status: number;
  readonly headers: Dispatcher.ResponseData['headers'];
  readonly body: Uint8Array;
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
  readonly #pool: Dispatcher;
  readonly #basePath: string;
  readonly #timeoutMs: number;
  readonly #authorization: Record<string, string>;

  constructor(options: { name: string; baseUrl: string; timeoutMs: number; token?: string | undefined }) {
    const url = new URL(options.baseUrl);
    this.#name = options.name;
    this.#basePath = url.pathname.replace(/\/$/, '');
    this.#timeoutMs = options.timeoutMs;
    this.#authorization = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
    const pool = new Pool(url.origin, { connections: maxConnections, connectTimeout: options.timeoutMs });
    this.#pool = pool.compose(interceptors.retry(onceMoreForReads));
  }

  /** @throws RejectedError UPSTREAM_UNAVAILABLE; the caller's own abort is thrown as it is. */
  async call(call: UpstreamCall): Promise<UpstreamAnswer> {
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    try {
      const response = await this.#pool.request({
        method: call.method,
        path: this.#basePath + call.target,
        headers: { accept: 'application/json', ...call.headers, ...this.#authorization },
        body: call.body ?? null,
        signal: AbortSignal.any([timeout, call.signal]),
      });
      return {
        status: response.statusCode,
        headers: response.headers,
        body: await this.#readBody(response.body),
      };
    } catch (error) {
      if (call.signal.aborted) throw call.signal.reason;
      throw this.unavailable(
        timeout.aborted ? `no answer within ${this.#timeoutMs} ms` : message(error),
        error,
      );
    }
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

  async #readBody(body: Dispatcher.ResponseData['body']): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of body) {
      size += chunk.length;
      if (size > maxAnswerBytes) throw new Error(`the answer is larger than ${maxAnswerBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }
}

function message(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
