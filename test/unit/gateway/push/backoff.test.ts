import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backoffBoundMs, backoffMs } from '../../../../lib/gateway/push/backoff.ts';

const failures = fc.nat({ max: 100_000 });
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('the pause before the push subscription is opened again', () => {
  test('is bounded by 0.2 s at first, twice as much after every failure, and 30 s at last', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(backoffBoundMs)).toEqual([
      200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000,
    ]);
  });

  test('is anywhere between none and its bound, whatever the number of failures', () => {
    fc.assert(
      fc.property(failures, random, (count, r) => {
        const pause = backoffMs(count, r);
        expect(pause).toBeGreaterThanOrEqual(0);
        expect(pause).toBeLessThanOrEqual(backoffBoundMs(count));
        expect(backoffBoundMs(count)).toBeGreaterThanOrEqual(200);
        expect(backoffBoundMs(count)).toBeLessThanOrEqual(30_000);
      }),
    );
  });

  test('uses the whole of its range', () => {
    expect(backoffMs(5, 0)).toBe(0);
    expect(backoffMs(5, 0.5)).toBe(3_200);
    expect(backoffMs(5, 0.999_999)).toBeCloseTo(6_400, 0);
  });
});
