// The age of the oldest entry that a consumer has not handled, as it was measured last: gauges export it. The consumer
// itself does not measure it, so that the age also grows while the consumer hangs or does not run.

type Measurement = {
  readonly ageMs: number;
  readonly at: number;
  /** Redis has not replied since. */
  readonly stale: boolean;
};

export class OldestUnprocessed {
  readonly #latest = new Map<string, Measurement>();

  /** @param ageMs 0 when every entry has been handled. */
  measured(consumer: string, ageMs: number): void {
    this.#latest.set(consumer, { ageMs, at: performance.now(), stale: false });
  }

  /** Redis did not reply. */
  markStale(consumer: string): void {
    const latest = this.#latest.get(consumer);
    if (latest !== undefined) this.#latest.set(consumer, { ...latest, stale: true });
  }

  /**
   * Its age by now. While Redis does not reply, the age grows with time, since no entry can be handled either;
   * undefined before the first measurement.
   */
  ageMs(consumer: string): number | undefined {
    const latest = this.#latest.get(consumer);
    if (latest === undefined) return undefined;
    if (latest.ageMs === 0 && !latest.stale) return 0;
    return latest.ageMs + (performance.now() - latest.at);
  }
}
