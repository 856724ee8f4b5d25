// Token buckets for any number of keys in a table whose size never changes.
//
// A bucket is one number, the time at which it will be full again (the generic cell rate algorithm). A key is hashed
// to one cell in each of four rows, and the lowest of the four counts: the others may have been raised by other keys.
// An admitted request raises only the cells that are below the new time; a refused request changes nothing. (A
// count-min sketch with conservative update, whose counters expire by themselves.)
//
// Guarantees for any number and choice of keys:
// - A table has 2 MiB. Nothing is inserted or evicted, so keys cannot fill the table or push other keys out.
// - No key gets more than its rate and burst. No cell of a key is ever below the key's own exact bucket, since cells
//   only rise and every token that is used raises all of its own at least that far.
// - A token that turns out not to be used is given back exactly: it is held outside the cells until that is known, and
//   counts as taken for as long. Lowering cells instead would take away what other keys raised. The held tokens of a
//   key are one number in a map that holds an entry only while a request holds one, so the caller's bound on requests
//   bounds it.
// - An honest key is refused by mistake only when all four of its cells are raised by keys that exceed their limits.
//   With n such keys that is the case for (1 - (1 - 1/65536)^n)^4 of the honest ones: 1 of 20 million at n = 1,000,
//   1 of 2,500 at 10,000, 1 of 55 at 30,000. The hash is keyed per process, so a client cannot aim at another key's
//   cells, and every replica uses different cells.
// - A check is one hash and four reads, and allocates nothing.

import { KeyedHash } from './keyed-hash.ts';
import type { Rate } from './rate.ts';

const rows = 4;

export class TokenBuckets {
  readonly #cellsPerRow: number;
  readonly #fullAt: Float64Array;
  readonly #cells = new Uint32Array(rows);
  readonly #held = new Map<string, number>();
  readonly #hash: KeyedHash;
  readonly #tokenMs: number;
  readonly #burstMs: number;

  /**
   * @param hashKey 8 random bytes.
   * @param cellsPerRow a power of two, at most 65,536. Tests make it small so that keys share cells.
   */
  constructor(rate: Rate, hashKey: Uint8Array, cellsPerRow = 65_536) {
    this.#cellsPerRow = cellsPerRow;
    this.#fullAt = new Float64Array(rows * cellsPerRow);
    this.#hash = new KeyedHash(hashKey);
    this.#tokenMs = rate.perMs / rate.count;
    this.#burstMs = rate.burst * this.#tokenMs;
  }

  get memoryBytes(): number {
    return this.#fullAt.byteLength;
  }

  /** Keys of which tokens are held. */
  get heldKeys(): number {
    return this.#held.size;
  }

  /**
   * Takes one token from the key's bucket.
   * @param nowMs of a monotonic clock that starts at zero or above.
   * @returns 0 when a token was taken, otherwise the milliseconds until one is available.
   */
  take(key: string, nowMs: number): number {
    const waitMs = this.#waitMs(key, nowMs);
    if (waitMs === 0) this.#use(nowMs);
    return waitMs;
  }

  /**
   * Like `take`, but whether the token is used is known later: call `keep` or `giveBack` once for each 0 that this
   * returned.
   */
  hold(key: string, nowMs: number): number {
    const waitMs = this.#waitMs(key, nowMs);
    if (waitMs === 0) this.#held.set(key, (this.#held.get(key) ?? 0) + 1);
    return waitMs;
  }

  /** The held token is used, as of now. */
  keep(key: string, nowMs: number): void {
    this.giveBack(key);
    this.#find(key);
    this.#use(nowMs);
  }

  /** The held token is not used. */
  giveBack(key: string): void {
    const left = (this.#held.get(key) ?? 0) - 1;
    if (left < 0) throw new RangeError('no token of this key is held');
    if (left === 0) this.#held.delete(key);
    else this.#held.set(key, left);
  }

  #waitMs(key: string, nowMs: number): number {
    this.#find(key);
    const held = this.#held.size === 0 ? 0 : (this.#held.get(key) ?? 0);
    const waitMs = Math.max(this.#known(), nowMs) + (held + 1) * this.#tokenMs - nowMs - this.#burstMs;
    // Adding and subtracting leaves rounding errors far below a microsecond, for which no request should be refused.
    return waitMs > 0.001 ? waitMs : 0;
  }

  /** Raises the cells that `#find` found by one token. */
  #use(nowMs: number): void {
    const next = Math.max(this.#known(), nowMs) + this.#tokenMs;
    for (let row = 0; row < rows; row += 1) {
      const cell = this.#cells[row] ?? 0;
      if ((this.#fullAt[cell] ?? 0) < next) this.#fullAt[cell] = next;
    }
  }

  #known(): number {
    let lowest = Number.POSITIVE_INFINITY;
    for (let row = 0; row < rows; row += 1) {
      lowest = Math.min(lowest, this.#fullAt[this.#cells[row] ?? 0] ?? 0);
    }
    return lowest;
  }

  #find(key: string): void {
    this.#hash.update(key);
    const { first, second } = this.#hash;
    const size = this.#cellsPerRow;
    this.#cells[0] = first & (size - 1);
    this.#cells[1] = size + ((first >>> 16) & (size - 1));
    this.#cells[2] = 2 * size + (second & (size - 1));
    this.#cells[3] = 3 * size + ((second >>> 16) & (size - 1));
  }
}
