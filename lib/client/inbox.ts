// Messages that wait for a reader who takes them one by one.
export class Inbox<Message> {
  readonly #capacity: number;
  readonly #messages: Message[] = [];
  #failure: { error: unknown } | undefined;
  #wake = () => {};

  /** @param capacity beyond which messages are dropped. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  put(message: Message): void {
    if (this.#messages.length < this.#capacity) this.#messages.push(message);
    this.#wake();
  }

  /** The reader gets the error once it has read what came before. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wake();
  }

  /** @returns undefined when `signal` aborts. */
  async next(signal: AbortSignal): Promise<Message | undefined> {
    while (!signal.aborted) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      if (this.#failure !== undefined) throw this.#failure.error;
      await new Promise<void>((resolve) => {
        this.#wake = () => {
          signal.removeEventListener('abort', this.#wake);
          resolve();
        };
        signal.addEventListener('abort', this.#wake, { once: true });
      });
    }
    return undefined;
  }
}
