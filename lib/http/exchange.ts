import type { Dispatcher } from 'undici';
import { ResponseTooLarge } from './ask-service.ts';

export type ExchangeResponse = {
  readonly status: number;
  readonly headers: Dispatcher.ResponseData['headers'];
  readonly body: Buffer;
};

/**
 * One request to a dispatcher of undici and its response, bounded in size. The dispatcher's `request`, and `fetch` even more
 * so, would wrap both into streams and signals of their own, which takes most of the time of a call.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #maxBytes: number;
  readonly #settle = Promise.withResolvers<ExchangeResponse>();
  readonly response = this.#settle.promise;
  readonly #onOver: (() => void) | undefined;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #status = 0;
  #headers: ExchangeResponse['headers'] = {};
  #controller: Dispatcher.DispatchController | undefined;
  #why: unknown;

  /**
   * @param maxBytes bound on the body of the response.
   * @param onOver called when the dispatcher has let go of the request.
   */
  constructor(maxBytes: number, onOver?: () => void) {
    this.#maxBytes = maxBytes;
    this.#onOver = onOver;
  }

  /** Ends the exchange in any state. */
  cut(why: unknown): void {
    this.#why = why;
    this.#settle.reject(why);
    this.#controller?.abort(toError(why));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // The exchange was cut while it waited for a connection.
    if (this.#why !== undefined) controller.abort(toError(this.#why));
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: ExchangeResponse['headers'],
  ): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size > this.#maxBytes) this.cut(new ResponseTooLarge(this.#maxBytes));
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const [first] = this.#chunks;
    const body = first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks);
    this.#settle.resolve({ status: this.#status, headers: this.#headers, body });
    this.#onOver?.();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#settle.reject(error);
    this.#onOver?.();
  }
}

export function toError(why: unknown): Error {
  return why instanceof Error ? why : new Error(String(why));
}
