// One event stream for all parts of a client that listen: a session may have only a few. It is open while any of them
// listens.
import type { Hello, PlayerEvent } from './events.ts';

export type Listener = {
  item(item: Hello | PlayerEvent): void;
  /** Following has ended for good. */
  failed(error: unknown): void;
};

export class EventFeed {
  readonly #follow: (signal: AbortSignal) => AsyncIterable<Hello | PlayerEvent>;
  readonly #listeners = new Set<Listener>();
  #stop: AbortController | undefined;
  #hello: Hello | undefined;

  constructor(follow: (signal: AbortSignal) => AsyncIterable<Hello | PlayerEvent>) {
    this.#follow = follow;
  }

  /** A hello comes first, at once when the stream is open already. @returns what ends listening. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    if (this.#hello !== undefined) listener.item(this.#hello);
    if (this.#stop === undefined) {
      this.#stop = new AbortController();
      void this.#run(this.#stop.signal);
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#end();
    };
  }

  #end(): void {
    this.#stop?.abort();
    this.#stop = undefined;
    this.#hello = undefined;
  }

  async #run(signal: AbortSignal): Promise<void> {
    try {
      for await (const item of this.#follow(signal)) {
        if (signal.aborted) return;
        if (item.kind === 'hello') this.#hello = item;
        for (const listener of this.#listeners) listener.item(item);
      }
    } catch (error) {
      if (signal.aborted) return;
      const listeners = [...this.#listeners];
      this.#listeners.clear();
      this.#end();
      for (const listener of listeners) listener.failed(error);
    }
  }
}
