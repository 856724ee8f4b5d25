/** How many messages a board may send: some at once, and so many a second on average. */
const burst = 60;
const perSecond = 10;

export class MessageRate {
  #tokens = burst;
  #at: number | undefined;

  /** @param now in milliseconds of a clock that never goes back. @returns false when there are too many. */
  take(now: number): boolean {
    const passed = now - (this.#at ?? now);
    this.#at = now;
    this.#tokens = Math.min(burst, this.#tokens + (passed * perSecond) / 1_000);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
