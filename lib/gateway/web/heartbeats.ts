// Lets browsers notice a stream that is dead: every stream carries a frame at least every 15 s. HTTP/1.1 has no pings.

const sweepMs = 5_000;
/** A sweep finds a stream up to one interval after it has been silent for so long. */
const silentMs = 10_000;

type Beating = {
  /** When a frame was written last, on the scale of `performance.now()`. */
  readonly writtenAt: number;
  beat(): void;
};

export class Heartbeats {
  readonly #streams = new Set<Beating>();
  #timer: NodeJS.Timeout | undefined;

  add(stream: Beating): void {
    this.#streams.add(stream);
    this.#timer ??= setInterval(() => this.#sweep(), sweepMs).unref();
  }

  delete(stream: Beating): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #sweep(): void {
    const now = performance.now();
    for (const stream of this.#streams) if (now - stream.writtenAt >= silentMs) stream.beat();
  }
}
