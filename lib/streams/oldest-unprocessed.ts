// How old the oldest entry is that a consumer has not handled, as it was seen last: what gauges tell. Whoever looks for
// it is not the consumer, so that it climbs also while that stalls, or does not run.

type Seen = {
  readonly ageMs: number;
  readonly at: number;
  /** Redis could not be asked since. */
  readonly stale: boolean;
};

export class OldestUnprocessed {
  readonly #seen = new Map<string, Seen>();

  /** @param ageMs 0 when every entry has been handled. */
  saw(consumer: string, ageMs: number): void {
    this.#seen.set(consumer, { ageMs, at: performance.now(), stale: false });
  }

  /** Redis could not be asked. */
  missed(consumer: string): void {
    const seen = this.#seen.get(consumer);
    if (seen !== undefined) this.#seen.set(consumer, { ...seen, stale: true });
  }

  /**
   * How old it is by now. While Redis cannot be asked it is taken to be as old as it can be, since nothing can be
   * handled either; undefined when nobody knows anything yet.
   */
  ageMs(consumer: string): number | undefined {
    const seen = this.#seen.get(consumer);
    if (seen === undefined) return undefined;
    if (seen.ageMs === 0 && !seen.stale) return 0;
    return seen.ageMs + (performance.now() - seen.at);
  }
}
