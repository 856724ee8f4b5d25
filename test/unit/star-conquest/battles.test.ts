import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { land } from '../../../lib/star-conquest/domain/battles.ts';
import type { Planet } from '../../../lib/star-conquest/domain/galaxy.ts';
import { integerRoot } from '../../../lib/star-conquest/domain/integer-root.ts';
import type { Force } from '../../../lib/star-conquest/domain/movement.ts';

const planet = (ships: number, owner: number | null = null): Planet => {
  return { id: 7, x: 0, y: 0, capacity: 100, owner, population: 51, focus: 'growth', ships };
};
const forcesOf = (ships: readonly number[]) => ships.map((one, index) => ({ seat: index + 1, ships: one }));
const landOn = (ships: number, forces: readonly Force[], owner: number | null = null) =>
  land(planet(ships, owner), { planet: 7, forces });

describe('the root', () => {
  it('is the largest whole number whose square is not above, for numbers of any size', () => {
    const value = fc.oneof(fc.bigInt({ min: 0n, max: 1_000n }), fc.bigInt({ min: 0n, max: 2n ** 128n }));
    fc.assert(
      fc.property(value, (of) => {
        const root = integerRoot(of);
        return root * root <= of && of < (root + 1n) ** 2n;
      }),
      { numRuns: 1_000 },
    );
  });

  it('is exact beside squares, where floating point is not', () => {
    for (const root of [0n, 1n, 2n, 3n, 94_906_267n, 2n ** 53n, 10n ** 30n]) {
      expect(integerRoot(root * root)).toBe(root);
      if (root > 1n) expect(integerRoot(root * root - 1n)).toBe(root - 1n);
      if (root > 0n) expect(integerRoot(root * root + 1n)).toBe(root);
    }
  });
});

describe('one attacker against a planet, whose ships count 6/5', () => {
  it.each([
    // attackers, defenders, who holds it, ships left
    [1, 0, 1, 1],
    [10, 0, 1, 10],
    [6, 5, null, 0],
    [600, 500, null, 0],
    [7, 5, 1, 3],
    [11, 9, 1, 2],
    [5, 5, null, 2],
    [1, 1, null, 0],
    [12, 11, null, 4],
    [20, 10, 1, 16],
    [20, 1, 1, 19],
    [1, 100, null, 99],
    // 25a² − 36p² has its root just below, and just at, a multiple of five.
    [13, 10, 1, 5],
    [50, 40, 1, 14],
    [6_000_000, 4_999_999, 1, 3_794],
    [1_200_000_000_000, 1_000_000_000_000, null, 0],
    [1_200_000_000_001, 1_000_000_000_000, 1, 1_549_193],
  ])('%i against %i: %s holds it with %i', (ships, defenders, owner, left) => {
    const after = landOn(defenders, [{ seat: 1, ships }]);
    expect(after.planet).toMatchObject({ owner, ships: left });
    expect(after.battle).toEqual({
      planet: 7,
      attackers: [{ seat: 1, ships, left: owner === 1 ? left : 0 }],
      defender: { seat: null, ships: defenders, left: owner === 1 ? 0 : left },
      owner,
    });
  });

  it('is decided as the squares say, with what is left rounded down', () => {
    const ships = fc.bigInt({ min: 1n, max: 2n ** 50n });
    fc.assert(
      fc.property(ships, ships, (a, p) => {
        const after = landOn(Number(p), [{ seat: 1, ships: Number(a) }], 2).planet;
        const difference = 25n * a * a - 36n * p * p;
        const [size, part] = difference > 0n ? [difference, 25n] : [-difference, 36n];
        expect(after.owner).toBe(difference > 0n ? 1 : 2);
        const left = BigInt(after.ships);
        return left * left * part <= size && size < (left + 1n) ** 2n * part;
      }),
    );
  });

  it('leaves a conquered planet half of its people, and a planet that held all of them', () => {
    expect(landOn(5, [{ seat: 1, ships: 20 }]).planet).toMatchObject({ population: 25, focus: 'ships' });
    expect(landOn(5, [{ seat: 1, ships: 6 }]).planet).toMatchObject({ population: 51, focus: 'growth' });
  });
});

describe('ships that arrive at a planet', () => {
  it('of its owner join it without a battle', () => {
    const after = landOn(5, [{ seat: 2, ships: 8 }], 2);
    expect(after).toEqual({ planet: planet(13, 2) });
  });

  it('of its owner join it before others attack', () => {
    const { planet: held, battle } = landOn(5, forcesOf([20, 15]), 2);
    expect(held).toMatchObject({ owner: 2, ships: 11 });
    expect(battle?.defender).toEqual({ seat: 2, ships: 20, left: 11 });
  });

  it.each([
    // newcomers of seats 1, 2, …; who holds an empty planet then, and with how many
    [[10, 6], 1, 8],
    [[6, 10], 2, 8],
    [[10, 10], null, 0],
    [[10, 10, 5], 3, 5],
    [[5, 10, 10], 1, 5],
    // From the strongest down: 10 beats 8 with 6 left, which lose against 7.
    [[7, 8, 10], 1, 3],
    [[7, 6, 8, 10], 2, 5],
    [[8, 6, 10], null, 0],
    // Equals destroy each other first, so that none of them is the one who comes first.
    [[10, 8, 8], 1, 10],
    [[8, 8, 8], null, 0],
    [[13, 12, 5], null, 0],
  ])('of several seats fight each other first: %j', (ships, owner, left) => {
    expect(landOn(0, forcesOf(ships)).planet).toMatchObject({ owner, ships: left });
  });

  it('meet the planet with what is left', () => {
    const { planet: held, battle } = landOn(5, forcesOf([10, 6]));
    expect(held).toMatchObject({ owner: 1, ships: 5 });
    expect(battle).toEqual({
      planet: 7,
      attackers: [
        { seat: 1, ships: 10, left: 5 },
        { seat: 2, ships: 6, left: 0 },
      ],
      defender: { seat: null, ships: 5, left: 0 },
      owner: 1,
    });
  });

  it('have the same fate whatever their seats and their order', () => {
    const ships = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 2, maxLength: 6 });
    const shuffled = ships.chain((all) => {
      const seats = all.map((_, index) => index + 1);
      const orderOf = (items: number[]) =>
        fc.shuffledSubarray(items, { minLength: all.length, maxLength: all.length });
      return fc.tuple(fc.constant(all), orderOf(seats), orderOf(seats), fc.nat({ max: 9 }));
    });
    fc.assert(
      fc.property(shuffled, ([all, names, order, defenders]) => {
        const before = landOn(defenders, forcesOf(all)).planet;
        const renamed = order.map((index) => ({ seat: names[index - 1] ?? 0, ships: all[index - 1] ?? 0 }));
        const after = landOn(defenders, renamed).planet;
        const owner = before.owner === null ? null : names[before.owner - 1];
        expect(after).toEqual({ ...before, owner });
      }),
    );
  });
});
