import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Coverage,
  gapAt,
  needsLookUp,
  unverifiedSince,
} from '../../../lib/gateway/domain/unverified-session.ts';

const staleAfterMs = 15_000;
const coverage = (coveredUntil: number, ...gapTimes: [at: number, coveredThen: number][]): Coverage => ({
  coveredUntil,
  staleAfterMs,
  gaps: gapTimes.map(([at, coveredThen]) => gapAt(at, { coveredUntil: coveredThen, staleAfterMs })),
});

describe('an unverified session', () => {
  test('is not one while the log is fresh', () => {
    expect(unverifiedSince(1_000, 115_000, coverage(100_000))).toBeUndefined();
    expect(needsLookUp(1_000, 115_000, coverage(100_000), 20_000)).toBe(false);
  });

  test('is unverified from when the log has become stale', () => {
    expect(unverifiedSince(1_000, 115_001, coverage(100_000))).toBe(115_000);
    expect(needsLookUp(1_000, 115_001, coverage(100_000), 20_000)).toBe(true);
  });

  test('is unverified from its look-up if that was while the log was stale', () => {
    expect(unverifiedSince(120_000, 125_000, coverage(100_000))).toBe(120_000);
  });

  test('needs no other look-up right after one, but some time later', () => {
    expect(needsLookUp(120_000, 139_999, coverage(100_000), 20_000)).toBe(false);
    expect(needsLookUp(120_000, 140_000, coverage(100_000), 20_000)).toBe(true);
  });

  test('is unverified from a gap on if it was looked up before the gap only', () => {
    const known = coverage(204_000, [200_000, 199_000]);
    expect(unverifiedSince(150_000, 205_000, known)).toBe(200_000);
    expect(unverifiedSince(200_001, 205_000, known)).toBeUndefined();
    expect(needsLookUp(150_000, 205_000, known, 20_000)).toBe(true);
    expect(needsLookUp(200_001, 205_000, known, 20_000)).toBe(false);
  });

  test('is not verified by a gap that ends a time of staleness', () => {
    const known = coverage(204_000, [200_000, 150_000]);
    expect(unverifiedSince(100_000, 205_000, known)).toBe(165_000);
    expect(unverifiedSince(170_000, 205_000, known)).toBe(170_000);
  });

  test('is not postponed by gap after gap', () => {
    const known = coverage(226_000, [200_000, 199_000], [210_000, 209_000], [220_000, 219_000]);
    expect(unverifiedSince(150_000, 225_000, known)).toBe(200_000);
    expect(unverifiedSince(205_000, 225_000, known)).toBe(210_000);
  });

  test('a session whose revocation is missed is unverified within 15 s, however staleness and gaps come', () => {
    // Time passes in steps; the log is read or has a gap, which loses the entries before it.
    const step = fc.record({
      passes: fc.integer({ min: 1, max: 20_000 }),
      and: fc.constantFrom('read', 'gap', 'nothing'),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), fc.nat(), (steps, pick) => {
        let now = 0;
        let known = coverage(0);
        // The lost parts of the log: revocations in them are never read.
        const lost: { from: number; to: number }[] = [];
        for (const { passes, and } of steps) {
          now += passes;
          if (and === 'gap') {
            known = { ...known, gaps: [...known.gaps, gapAt(now, known)] };
            lost.push({ from: known.coveredUntil, to: now });
            known = { ...known, coveredUntil: now };
          } else if (and === 'read') known = { ...known, coveredUntil: now };
        }
        lost.push({ from: known.coveredUntil, to: now });
        const { from, to } = lost[pick % lost.length] ?? { from: 0, to: 0 };
        const revokedAt = from + ((pick * 7_919) % (to - from + 1));
        // The session was active when it was last looked up, at any time before its revocation.
        const verifiedAt = pick % (revokedAt + 1);
        const since = unverifiedSince(verifiedAt, now, known);
        if (now > revokedAt + staleAfterMs) {
          expect(since).toBeDefined();
          expect(since).toBeLessThanOrEqual(revokedAt + staleAfterMs);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
