/** A reading that took longer may be off by as much, so the one before counts on. */
const longestRoundTripMs = 500;

/**
 * The clock of the push log, which is that of Redis, carried on by this process's monotonic clock since it was read
 * last. It may be ahead by the time that the reading took, never behind: ages that are taken from it are not too small.
 */
export class LogClock {
  #aheadMs: number | undefined;

  /** Unix time in milliseconds; undefined before the first reading. */
  get nowMs(): number | undefined {
    return this.#aheadMs === undefined ? undefined : performance.now() + this.#aheadMs;
  }

  /** @param askedAt when the command that read the clock was sent, on the scale of `performance.now()`. */
  set(redisMs: number, askedAt: number): void {
    if (this.#aheadMs !== undefined && performance.now() - askedAt > longestRoundTripMs) return;
    this.#aheadMs = redisMs - askedAt;
  }
}
