import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pauseClock, resumeClock } from '../../../lib/game-master/domain/clock.ts';
import { firstDue, nextDue, type TurnClock } from '../../../lib/time/turn-clock.ts';
import { daySpans, zones } from '../../support/time/day-spans.ts';

const plain = { minTurnSeconds: null, quietDays: [], graceSeconds: 0 };
const daily: TurnClock = {
  turnSchedule: '0 20 * * *',
  timeZone: 'Europe/Berlin',
  turnSeconds: null,
  ...plain,
};
const rolling = (turnSeconds: number, changes: Partial<TurnClock> = {}): TurnClock => ({
  turnSchedule: null,
  timeZone: 'UTC',
  turnSeconds,
  ...plain,
  ...changes,
});
/** For properties, on a machine that is busy. */
const patience = 120_000;
const at = (text: string) => new Date(text);
const hour = 3_600_000;
const neverPlayed = { remainingMs: null, lastDueAt: null };

describe('A pause of a game by a schedule', () => {
  test('takes nothing from its times, which stay what they are', () => {
    expect(pauseClock(daily, at('2026-07-01T18:00:00Z'), at('2026-07-01T17:00:00Z'))).toBeNull();
    expect(resumeClock(daily, neverPlayed, at('2026-07-03T19:00:00Z'))).toEqual(at('2026-07-04T18:00:00Z'));
  });

  test('ends with the first time at or after the least that a turn takes', () => {
    const resume = (resumedAt: string, minTurnSeconds: number) =>
      resumeClock({ ...daily, minTurnSeconds }, neverPlayed, at(resumedAt));
    expect(resume('2026-07-03T10:00:00Z', 28_800)).toEqual(at('2026-07-03T18:00:00Z'));
    expect(resume('2026-07-03T10:00:00.001Z', 28_800)).toEqual(at('2026-07-04T18:00:00Z'));
  });

  test('does not bring the time back of a turn that was played early', () => {
    const lastDueAt = at('2026-07-01T18:00:00Z');
    const paused = { remainingMs: null, lastDueAt };
    expect(resumeClock(daily, paused, at('2026-07-01T17:55:00Z'))).toEqual(at('2026-07-02T18:00:00Z'));
    expect(resumeClock(daily, paused, at('2026-07-02T17:55:00Z'))).toEqual(at('2026-07-02T18:00:00Z'));
  });

  test('skips times in quiet days', () => {
    const weekdays = { ...daily, quietDays: [6, 7] };
    // A Friday.
    expect(resumeClock(weekdays, neverPlayed, at('2026-07-03T19:00:00Z'))).toEqual(
      at('2026-07-06T18:00:00Z'),
    );
  });
});

describe('A pause of a game with turns of a length', () => {
  test('leaves a second to a turn that was due when its game paused', () => {
    expect(pauseClock(rolling(60), at('2026-07-01T18:00:00Z'), at('2026-07-01T18:00:05Z'))).toBe(1_000);
  });

  test('leaves of the grace what was left of it, and a second at least', () => {
    const clock = rolling(7_200, { graceSeconds: 1_800 });
    const [due, resumedAt] = [at('2026-07-01T18:00:00Z'), at('2026-07-05T00:00:00Z')];
    const dueAfter = (pausedAt: string) =>
      resumeClock(clock, { remainingMs: pauseClock(clock, due, at(pausedAt)), lastDueAt: null }, resumedAt);
    expect(dueAfter('2026-07-01T18:10:00Z')).toEqual(at('2026-07-04T23:50:00Z'));
    expect(dueAfter('2026-07-01T18:40:00Z')).toEqual(at('2026-07-04T23:30:01Z'));
  });

  test('that overlaps a quiet day counts once', () => {
    const clock = rolling(86_400, { quietDays: [6, 7] });
    const friday = at('2026-07-03T12:00:00Z');
    const due = firstDue(clock, friday);
    expect(due).toEqual(at('2026-07-06T12:00:00Z'));
    const remainingMs = pauseClock(clock, due, at('2026-07-03T18:00:00Z'));
    expect(remainingMs).toBe(18 * hour);
    const resume = (resumedAt: string) => resumeClock(clock, { remainingMs, lastDueAt: null }, at(resumedAt));
    // Resumed on the same day, on the quiet days, and after them.
    expect(resume('2026-07-03T20:00:00Z')).toEqual(at('2026-07-06T14:00:00Z'));
    expect(resume('2026-07-04T09:00:00Z')).toEqual(at('2026-07-06T18:00:00Z'));
    expect(resume('2026-07-05T23:59:59Z')).toEqual(at('2026-07-06T18:00:00Z'));
    expect(resume('2026-07-06T09:00:00Z')).toEqual(at('2026-07-07T03:00:00Z'));
  });

  test('on a quiet day takes nothing', () => {
    const clock = rolling(86_400, { quietDays: [6, 7] });
    const due = at('2026-07-06T12:00:00Z');
    const remainingMs = pauseClock(clock, due, at('2026-07-04T09:00:00Z'));
    expect(remainingMs).toBe(12 * hour);
    expect(resumeClock(clock, { remainingMs, lastDueAt: null }, at('2026-07-05T09:00:00Z'))).toEqual(due);
  });

  test(
    'gives exactly what was left, however often, wherever clocks change, whatever is quiet',
    () => {
      const spell = fc.record({
        openMs: fc.integer({ min: 0, max: 80 * hour }),
        pausedMs: fc.nat(300 * hour),
      });
      const quiet = fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { maxLength: 6 });
      const start = fc.integer({ min: 0, max: 365 * 24 }).map((hours) => hours * hour);
      const turn = fc.integer({ min: 60, max: 604_800 });
      fc.assert(
        fc.property(
          fc.array(spell, { maxLength: 3 }),
          quiet,
          start,
          turn,
          fc.constantFrom(...zones),
          (spells, quietDays, offset, turnSeconds, { timeZone, year }) => {
            const clock = rolling(turnSeconds, { timeZone, quietDays });
            const days = daySpans(timeZone);
            let now = Date.UTC(year) + offset;
            let due = firstDue(clock, new Date(now));
            let openMs = 0;
            for (const spell of spells) {
              const pausedAt = Math.min(now + spell.openMs, due.getTime() - 1_000);
              if (pausedAt < now) break;
              openMs += days.countedMs(now, pausedAt, quietDays);
              const remainingMs = pauseClock(clock, due, new Date(pausedAt));
              now = pausedAt + spell.pausedMs;
              const before = due;
              due = resumeClock(clock, { remainingMs, lastDueAt: null }, new Date(now));
              expect(due.getTime()).toBeGreaterThanOrEqual(before.getTime());
            }
            openMs += days.countedMs(now, due.getTime(), quietDays);
            // One that was paused in its last second has a second left.
            expect(openMs - turnSeconds * 1_000).toBeLessThanOrEqual(1_000 * spells.length);
            expect(openMs).toBeGreaterThanOrEqual(turnSeconds * 1_000);
          },
        ),
        { numRuns: 500 },
      );
    },
    patience,
  );
});

test(
  'By a schedule no pause brings a deadline nearer than the least turn to the turn before',
  () => {
    const minutes = (most: number) => fc.integer({ min: 0, max: most }).map((count) => count * 60_000);
    const schedule = fc.constantFrom(
      '0 20 * * *',
      '0 8,20 * * *',
      '30 2 * * *',
      '0 0 * * 1-5',
      '0 */6 * * *',
    );
    const least = fc.constantFrom(null, 3_600, 4 * 3_600);
    const quiet = fc.constantFrom<number[]>([], [6, 7], [5], [1, 2, 3, 4, 5, 7]);
    fc.assert(
      fc.property(
        schedule,
        least,
        quiet,
        fc.constantFrom(...zones),
        minutes(365 * 1_440),
        minutes(1_440),
        minutes(10_000),
        (turnSchedule, minTurnSeconds, quietDays, { timeZone, year }, offset, early, pausedMs) => {
          const clock = { ...plain, turnSchedule, timeZone, turnSeconds: null, minTurnSeconds, quietDays };
          fc.pre(turnSchedule !== '0 0 * * 1-5' || !quietDays.includes(1));
          const lastDueAt = firstDue(clock, new Date(Date.UTC(year) + offset));
          const playedAt = new Date(lastDueAt.getTime() - early);
          const due = nextDue(clock, { dueAt: lastDueAt, playedAt });
          const resumedAt = new Date(playedAt.getTime() + pausedMs);
          const dueThen = resumeClock(clock, { remainingMs: null, lastDueAt }, resumedAt);
          expect(dueThen.getTime()).toBeGreaterThanOrEqual(due.getTime());
          expect(dueThen.getTime() - resumedAt.getTime()).toBeGreaterThanOrEqual(
            (minTurnSeconds ?? 0) * 1_000,
          );
        },
      ),
      { numRuns: 500 },
    );
  },
  patience,
);
