// Remembers which (address, session) pairs sent a request with a valid signature not long ago, in a table whose size never
// changes: 768 KiB of keyed hashes. It holds no session and saves no look-up; it tells players from strangers behind one
// address when that address has used up its look-ups.
//
// A hash selects a set of four entries; a pair that was not seen lately replaces the oldest of its set. Only someone who
// has the keys of very many sessions can push a pair out, and the cost is a RATE_LIMITED while strangers use up the
// pair's address. A pair is taken for another one with a probability of one in a billion, and which ones are depends on
// a key of this process.
import { KeyedHash } from '../../rate-limit/keyed-hash.ts';

const rememberedMs = 10 * 60_000;
const sets = 16_384;
const ways = 4;

export class VerifiedPairs {
  readonly #fingerprints = new Uint32Array(sets * ways);
  readonly #verifiedAt = new Float64Array(sets * ways).fill(Number.NEGATIVE_INFINITY);
  readonly #hash: KeyedHash;

  /** @param hashKey 8 random bytes. */
  constructor(hashKey: Uint8Array) {
    this.#hash = new KeyedHash(hashKey);
  }

  get memoryBytes(): number {
    return this.#fingerprints.byteLength + this.#verifiedAt.byteLength;
  }

  /** @param nowMs of a monotonic clock. */
  has(pair: string, nowMs: number): boolean {
    const { set, fingerprint } = this.#find(pair);
    const entry = this.#entryOf(set, fingerprint);
    return entry !== undefined && nowMs - (this.#verifiedAt[entry] ?? 0) <= rememberedMs;
  }

  add(pair: string, nowMs: number): void {
    const { set, fingerprint } = this.#find(pair);
    const entry = this.#entryOf(set, fingerprint) ?? this.#oldestOf(set);
    this.#fingerprints[entry] = fingerprint;
    this.#verifiedAt[entry] = nowMs;
  }

  #find(pair: string): { set: number; fingerprint: number } {
    this.#hash.update(pair);
    return { set: (this.#hash.first & (sets - 1)) * ways, fingerprint: this.#hash.second >>> 0 };
  }

  #entryOf(set: number, fingerprint: number): number | undefined {
    for (let entry = set; entry < set + ways; entry += 1) {
      const used = this.#verifiedAt[entry] !== Number.NEGATIVE_INFINITY;
      if (used && this.#fingerprints[entry] === fingerprint) return entry;
    }
    return undefined;
  }

  #oldestOf(set: number): number {
    let oldest = set;
    for (let entry = set + 1; entry < set + ways; entry += 1) {
      if ((this.#verifiedAt[entry] ?? 0) < (this.#verifiedAt[oldest] ?? 0)) oldest = entry;
    }
    return oldest;
  }
}
