// Chance from the seed: HMAC-SHA-256 with the seed as its key, so that nobody who sees what the dice show can foresee
// what they will show.
import { createHmac } from 'node:crypto';
import type { Random } from './rules.ts';

const range = 2 ** 48;
const bytesPerNumber = 6;

/** @param purpose another one has other luck. */
export function seededRandom(seed: string, purpose: string): Random {
  const key = Buffer.from(seed, 'hex');
  let block = Buffer.alloc(0);
  let blocks = 0;
  const next = (): number => {
    if (block.length < bytesPerNumber) {
      block = createHmac('sha256', key).update(`${purpose}#${blocks}`).digest();
      blocks += 1;
    }
    const number = block.readUIntBE(0, bytesPerNumber);
    block = block.subarray(bytesPerNumber);
    return number;
  };
  const below = (limit: number): number => {
    if (!Number.isInteger(limit) || limit < 1 || limit > range) {
      throw new RangeError(`random.below takes a whole number from 1 to 2^48, and got ${limit}`);
    }
    // What is left above the last multiple would make small numbers likelier.
    const fair = range - (range % limit);
    for (;;) {
      const number = next();
      if (number < fair) return number % limit;
    }
  };
  return {
    below,
    between: (low, high) => low + below(high - low + 1),
    pick<T>(items: readonly T[]): T {
      if (items.length === 0) throw new RangeError('random.pick got an empty list');
      return items[below(items.length)] as T;
    },
    shuffled<T>(items: readonly T[]): T[] {
      const left = [...items];
      const order: T[] = [];
      while (left.length > 0) order.push(...left.splice(below(left.length), 1));
      return order;
    },
  };
}
