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
//   only rise and every admitted request raises all of its own at least that far.
// - An honest key is refused by mistake only when all four of its cells are raised by keys that exceed their limits.
//   With n such keys that is the case for (1 - (1 - 1/65536)^n)^4 of the honest ones: 1 of 20 million at n = 1,000,
//   1 of 2,500 at 10,000, 1 of 55 at 30,000. The hash is keyed per process, so a client cannot aim at another key's
//   cells, and every replica uses different cells.
// - A check is one hash and four reads, and allocates nothing.
import type { Rate } from '../config/types.ts';
import { KeyedHash } from './keyed-hash.ts';

const cellsPerRow = 65_536;
const rows = 4;

export class TokenBuckets {
  readonly #fullAt = new Float64Array(rows * cellsPerRow);
  readonly #hash: KeyedHash;
  readonly #tokenMs: number;
  readonly #burstMs: number;

  /** @param hashKey 8 random bytes. */
  constructor(rate: Rate, hashKey: Uint8Array) {
    this.#hash = new KeyedHash(hashKey);
    this.#tokenMs = rate.perMs / rate.count;
    this.#burstMs = rate.burst * this.#tokenMs;
  }

  get memoryBytes(): number {
    return this.#fullAt.byteLength;
  }

  /**
   * Takes one token from the key's bucket.
   * @param nowMs of a monotonic clock that starts at zero or above.
   * @returns 0 when a token was taken, otherwise the milliseconds until one is available.
   */
  take(key: string, nowMs: number): number {
    this.#hash.update(key);
    const { first, second } = this.#hash;
    const a = first & 0xffff;
    const b = cellsPerRow + (first >>> 16);
    const c = 2 * cellsPerRow + (second & 0xffff);
    const d = 3 * cellsPerRow + (second >>> 16);

    const fullAt = this.#fullAt;
    const known = Math.min(fullAt[a] ?? 0, fullAt[b] ?? 0, fullAt[c] ?? 0, fullAt[d] ?? 0);
    const next = Math.max(known, nowMs) + this.#tokenMs;
    const waitMs = next - nowMs - this.#burstMs;
    // Adding and subtracting leaves rounding errors far below a microsecond, for which no request should be refused.
    if (waitMs > 0.001) return waitMs;
    raise(fullAt, a, next);
    raise(fullAt, b, next);
    raise(fullAt, c, next);
    raise(fullAt, d, next);
    return 0;
  }
}

function raise(cells: Float64Array, cell: number, to: number): void {
  if ((cells[cell] ?? 0) < to) cells[cell] = to;
}
