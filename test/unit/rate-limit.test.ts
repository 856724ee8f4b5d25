import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyedHash } from '../../lib/rate-limit/keyed-hash.ts';
import type { Rate } from '../../lib/rate-limit/rate.ts';
import { TokenBuckets } from '../../lib/rate-limit/token-buckets.ts';

const hashKey = Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7]);

describe('the keyed hash', () => {
  // Of the reference implementation of HalfSipHash-2-4 with 8 bytes of output: the key is 00 01 … 07, the message the
  // first so many bytes of 00 01 02 …
  const vectors: [length: number, hash: string][] = [
    [0, '218d1f59b9b83cc8'],
    [2, '064f39ef7c50eb57'],
    [4, 'd5e78a175be52ea1'],
    [6, 'ce3e91358aa2bc25'],
    [8, 'edfee820bce4858c'],
    [10, '95b0469f06a6f2ee'],
    [14, '3bb1a870eae8e658'],
    [20, '1bf52b0a6feea7db'],
  ];
  it.each(vectors)(
    'is HalfSipHash-2-4 of the string’s UTF-16LE bytes, here %i of them',
    (length, expected) => {
      const hash = new KeyedHash(hashKey);
      hash.update(Buffer.from(Array.from({ length }, (_, index) => index)).toString('utf16le'));
      const bytes = Buffer.alloc(8);
      bytes.writeInt32LE(hash.first, 0);
      bytes.writeInt32LE(hash.second, 4);
      expect(bytes.toString('hex')).toBe(expected);
    },
  );

  it('is another one under another key', () => {
    const [one, other] = [new KeyedHash(hashKey), new KeyedHash(hashKey.toReversed())];
    one.update('198.51.100.7');
    other.update('198.51.100.7');
    expect([one.first, one.second]).not.toEqual([other.first, other.second]);
  });
});

const tenPerSecond: Rate = { count: 10, perMs: 1_000, burst: 20 };

describe('token buckets', () => {
  it('let a burst through, then the rate, and say how long to wait', () => {
    const buckets = new TokenBuckets(tenPerSecond, hashKey);
    const take = (nowMs: number) => buckets.take('ada', nowMs);
    expect(Array.from({ length: 20 }, () => take(0))).toEqual(Array(20).fill(0));
    expect(take(0)).toBe(100);
    expect(take(40)).toBe(60);
    expect(take(100)).toBe(0);
    expect(take(100)).toBe(100);
    // A rest of two seconds earns the whole burst again, and a longer one no more than that.
    const afterRest = Array.from({ length: 21 }, () => take(100_000));
    expect(afterRest.filter((wait) => wait === 0)).toHaveLength(20);
  });

  it('admit the request that comes when the told time is over', () => {
    fc.assert(
      fc.property(
        fc.record({
          count: fc.integer({ min: 1, max: 1_000 }),
          perMs: fc.constantFrom(1_000, 60_000, 3_600_000),
          burst: fc.integer({ min: 1, max: 50 }),
        }),
        fc.double({ min: 0, max: 1e10, noNaN: true }),
        (rate, startMs) => {
          const buckets = new TokenBuckets(rate, hashKey);
          for (let taken = 0; taken < rate.burst; taken += 1) expect(buckets.take('ada', startMs)).toBe(0);
          const waitMs = buckets.take('ada', startMs);
          expect(waitMs).toBeGreaterThan(0);
          expect(buckets.take('ada', startMs + Math.ceil(waitMs))).toBe(0);
        },
      ),
    );
  });

  it('never give a key more than its rate and burst, whatever other keys do and in whatever order', () => {
    const step = fc.record({
      key: fc.integer({ min: 0, max: 40 }),
      afterMs: fc.integer({ min: 0, max: 150 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const buckets = new TokenBuckets(tenPerSecond, hashKey);
        const admitted = new Map<number, number[]>();
        let nowMs = 0;
        for (const { key, afterMs } of steps) {
          nowMs += afterMs;
          if (buckets.take(`key-${key}`, nowMs) === 0)
            admitted.set(key, [...(admitted.get(key) ?? []), nowMs]);
        }
        for (const times of admitted.values()) {
          for (const [first, from] of times.entries()) {
            for (const [count, to] of times.slice(first).entries()) {
              expect(count + 1).toBeLessThanOrEqual(tenPerSecond.burst + (to - from) / 100 + 1e-6);
            }
          }
        }
      }),
    );
  });

  it('count a held token as taken, and give it back exactly', () => {
    const buckets = new TokenBuckets(tenPerSecond, hashKey);
    for (let held = 0; held < 20; held += 1) expect(buckets.hold('ada', 0)).toBe(0);
    expect(buckets.hold('ada', 0)).toBe(100);
    expect(buckets.take('ada', 0)).toBe(100);
    for (let held = 0; held < 20; held += 1) buckets.giveBack('ada');
    expect(buckets.heldKeys).toBe(0);
    expect(() => buckets.giveBack('ada')).toThrow('no token');
    for (let replay = 0; replay < 1_000; replay += 1) {
      expect(buckets.hold('ada', replay)).toBe(0);
      buckets.giveBack('ada');
    }
    // Never more than the burst.
    expect(Array.from({ length: 20 }, () => buckets.take('ada', 1_000))).toEqual(Array(20).fill(0));
    expect(buckets.take('ada', 1_000)).toBe(100);
  });

  // In a small table every key shares its cells with others.
  const crowded = () => new TokenBuckets(tenPerSecond, hashKey, 4);
  const heldStep = fc.record({
    key: fc.integer({ min: 0, max: 12 }),
    afterMs: fc.integer({ min: 0, max: 150 }),
    steps: fc.integer({ min: 0, max: 12 }),
    kept: fc.boolean(),
    usedLate: fc.boolean(),
  });

  it('never let a key use more than its rate and burst, whichever of the requests at once are given back', () => {
    fc.assert(
      fc.property(fc.array(heldStep, { maxLength: 300 }), (steps) => {
        const buckets = crowded();
        const used = new Map<string, number[]>();
        const ends = new Map<number, (() => void)[]>();
        let nowMs = 0;
        for (const [index, step] of steps.entries()) {
          nowMs += step.afterMs;
          for (const end of ends.get(index) ?? []) end();
          const key = `key-${step.key}`;
          if (buckets.hold(key, nowMs) > 0) continue;
          const heldAt = nowMs;
          const end = () => {
            if (!step.kept) return buckets.giveBack(key);
            buckets.keep(key, nowMs);
            // Anywhere between the two the token may have been used.
            used.set(key, [...(used.get(key) ?? []), step.usedLate ? nowMs : heldAt]);
          };
          const due = index + 1 + step.steps;
          ends.set(due, [...(ends.get(due) ?? []), end]);
        }
        for (const times of used.values()) {
          times.sort((one, other) => one - other);
          for (const [first, from] of times.entries()) {
            for (const [count, to] of times.slice(first).entries()) {
              expect(count + 1).toBeLessThanOrEqual(tenPerSecond.burst + (to - from) / 100 + 1e-6);
            }
          }
        }
      }),
    );
  });

  it('answer every other key as if a token that is given back had never been held', () => {
    const other = fc.record({
      key: fc.integer({ min: 1, max: 12 }),
      afterMs: fc.integer({ min: 0, max: 60 }),
      hold: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(other, { maxLength: 200 }), (steps) => {
        const [plain, mixed] = [crowded(), crowded()];
        let nowMs = 0;
        let held = 0;
        for (const { key, afterMs, hold } of steps) {
          nowMs += afterMs;
          if (hold && mixed.hold('replayed', nowMs) === 0) held += 1;
          else if (held > 0) {
            mixed.giveBack('replayed');
            held -= 1;
          }
          expect(mixed.take(`key-${key}`, nowMs)).toBe(plain.take(`key-${key}`, nowMs));
        }
        for (; held > 0; held -= 1) mixed.giveBack('replayed');
        expect(mixed.heldKeys).toBe(0);
        expect(mixed.take('replayed', nowMs)).toBe(plain.take('replayed', nowMs));
      }),
    );
  });

  it('give an attacker no fresh budget for flooding the table with other keys, and keep their size', () => {
    const buckets = new TokenBuckets({ count: 1, perMs: 3_600_000, burst: 1 }, hashKey);
    const size = buckets.memoryBytes;
    expect(size).toBe(2 * 1024 * 1024);
    expect(buckets.take('attacker', 0)).toBe(0);
    for (let key = 0; key < 300_000; key += 1) {
      buckets.take(`flood-${key}`, key / 1_000);
      if (key % 1_000 === 0) expect(buckets.take('attacker', key / 1_000)).toBeGreaterThan(0);
    }
    expect(buckets.memoryBytes).toBe(size);
  });

  it('hurt about one honest client in 2,500 while 10,000 attackers are over their limits', () => {
    const buckets = new TokenBuckets({ count: 1, perMs: 1_000, burst: 3 }, hashKey);
    for (let attacker = 0; attacker < 10_000; attacker += 1) {
      for (let request = 0; request < 4; request += 1) buckets.take(`attacker-${attacker}`, 0);
    }
    let refused = 0;
    for (let client = 0; client < 50_000; client += 1) {
      if (buckets.take(`client-${client}`, 0) > 0) refused += 1;
    }
    // 50,000 × (1 − e^(−10,000/65,536))⁴ ≈ 20; the honest clients themselves add a little.
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(100);
  });

  it('spread any keys evenly over their cells, however alike they are', () => {
    const hash = new KeyedHash(createHash('sha256').update('some key').digest().subarray(0, 8));
    const counts = new Uint32Array(256);
    for (let index = 0; index < 65_536; index += 1) {
      hash.update(`10.0.${index >> 8}.${index & 255}`);
      const bucket = hash.second & 255;
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    // 256 on average with a standard deviation of 16.
    expect(Math.max(...counts)).toBeLessThan(256 + 6 * 16);
    expect(Math.min(...counts)).toBeGreaterThan(256 - 6 * 16);
  });
});
