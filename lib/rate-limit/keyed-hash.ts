// HalfSipHash-2-4 with 64 bits of output (Aumasson and Bernstein, the 32-bit sibling of SipHash) over the UTF-16LE
// bytes of a string. Keyed with random bytes per process, so that no client can choose strings that collide. It uses
// numbers that V8 does not box and returns its result in fields, so that hashing allocates nothing.

export class KeyedHash {
  readonly #k0: number;
  readonly #k1: number;
  /** First and second 32 bits of the last hash, as signed integers. */
  first = 0;
  second = 0;

  /** @param key 8 bytes. */
  constructor(key: Uint8Array) {
    if (key.length !== 8) throw new RangeError(`the key must have 8 bytes, not ${key.length}`);
    const view = new DataView(key.buffer, key.byteOffset, key.length);
    this.#k0 = view.getInt32(0, true);
    this.#k1 = view.getInt32(4, true);
  }

  /** Stores the hash of `text` in `first` and `second`. */
  update(text: string): void {
    let a = this.#k0;
    let b = this.#k1 ^ 0xee;
    let c = this.#k0 ^ 0x6c796765;
    let d = this.#k1 ^ 0x74656462;

    // Pairs of code units are the words of the message; the last word holds the odd one and the length in bytes.
    const pairs = text.length >> 1;
    const odd = text.length & 1 ? text.charCodeAt(text.length - 1) : 0;
    const last = odd | ((text.length * 2) << 24);
    // 2 rounds per word, then 4 rounds for each half of the result.
    const rounds = (pairs + 1) * 2 + 8;
    let word = 0;
    for (let round = 0; round < rounds; round += 1) {
      const step = round >> 1;
      const absorbs = step <= pairs;
      if (absorbs && (round & 1) === 0) {
        word = step < pairs ? text.charCodeAt(step * 2) | (text.charCodeAt(step * 2 + 1) << 16) : last;
        d ^= word;
      }

      a = (a + b) | 0;
      b = rotate(b, 5) ^ a;
      a = rotate(a, 16);
      c = (c + d) | 0;
      d = rotate(d, 8) ^ c;
      a = (a + d) | 0;
      d = rotate(d, 7) ^ a;
      c = (c + b) | 0;
      b = rotate(b, 13) ^ c;
      c = rotate(c, 16);

      if (absorbs && (round & 1) === 1) {
        a ^= word;
        if (step === pairs) c ^= 0xee;
      }
      if (round === rounds - 5) {
        this.first = b ^ d;
        b ^= 0xdd;
      }
    }
    this.second = b ^ d;
  }
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
