/** A date in HTTP names a whole second. */
const dateResolutionMs = 1_000;

/**
 * The gateway's clock, as far as this device knows it: the gateway accepts requests whose `timestamp_ms` is close to its
 * own time, and a device's clock may be wrong by hours. What the gateway says corrects it.
 */
export class ServerClock {
  #offsetMs = 0;

  /** Unix time in whole milliseconds. */
  now(): number {
    return Math.round(Date.now() + this.#offsetMs);
  }

  /**
   * The gateway read this time from its clock between two readings of the device's: a clock that agrees with that stays
   * as it is, another one is set as little as needed.
   */
  learn(serverTimeMs: number, sentAtMs: number, receivedAtMs = Date.now()): void {
    this.#setBetween(serverTimeMs - receivedAtMs, serverTimeMs - sentAtMs);
  }

  /** The same from the Date header of a response; browsers show none from another origin. */
  learnDate(header: string | null, sentAtMs: number, receivedAtMs = Date.now()): void {
    const serverTimeMs = header === null ? Number.NaN : Date.parse(header);
    if (Number.isNaN(serverTimeMs)) return;
    this.#setBetween(serverTimeMs - receivedAtMs, serverTimeMs + dateResolutionMs - sentAtMs);
  }

  #setBetween(least: number, most: number): void {
    this.#offsetMs = Math.min(Math.max(this.#offsetMs, least), most);
  }
}
