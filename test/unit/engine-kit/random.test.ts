import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../lib/engine-kit/random.ts';

const seed = '5a'.repeat(32);
const rolls = (purpose: string, of = seed) => {
  const random = seededRandom(of, purpose);
  return Array.from({ length: 20 }, () => random.between(1, 6));
};

describe('chance', () => {
  it('is the same for the same seed and purpose, and another for any other', () => {
    expect(rolls('turn 1')).toEqual(rolls('turn 1'));
    expect(rolls('turn 1')).not.toEqual(rolls('turn 2'));
    expect(rolls('turn 1')).not.toEqual(rolls('turn 1', 'a5'.repeat(32)));
  });

  it('never changes from one release to the next, or games that run would change', () => {
    const random = seededRandom(seed, 'turn 1');
    expect([random.below(1_000), random.below(2 ** 48), random.pick(['a', 'b', 'c'])]).toMatchInlineSnapshot(`
      [
        117,
        126121685873102,
        "c",
      ]
    `);
    expect(random.shuffled([1, 2, 3, 4, 5])).toMatchInlineSnapshot(`
      [
        4,
        1,
        3,
        5,
        2,
      ]
    `);
  });

  it('reaches both ends, each number about as often', () => {
    const random = seededRandom(seed, 'fair');
    const counts = new Map<number, number>();
    for (let roll = 0; roll < 6_000; roll++) {
      const shown = random.between(1, 6);
      counts.set(shown, (counts.get(shown) ?? 0) + 1);
    }
    expect([...counts.keys()].toSorted()).toEqual([1, 2, 3, 4, 5, 6]);
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });

  it('shuffles without losing anything, and leaves the original as it was', () => {
    const cards = Array.from({ length: 52 }, (_, card) => card);
    const shuffled = seededRandom(seed, 'cards').shuffled(cards);
    expect(shuffled).not.toEqual(cards);
    expect(shuffled.toSorted((a, b) => a - b)).toEqual(cards);
  });

  it('refuses what it cannot draw', () => {
    const random = seededRandom(seed, 'bad');
    for (const limit of [0, -1, 1.5, Number.NaN, 2 ** 49]) {
      expect(() => random.below(limit)).toThrow('random.below takes a whole number');
    }
    expect(() => random.pick([])).toThrow('random.pick got an empty list');
  });
});
