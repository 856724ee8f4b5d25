import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CountedTime, isQuietDays } from '../../../lib/time/quiet-days.ts';
import { daySpans, zones } from '../../support/time/day-spans.ts';

/** For properties, on a machine that is busy. */
const patience = 120_000;
const at = (text: string) => new Date(text);
const hour = 3_600_000;

describe('a list of quiet days', () => {
  test.each([[[]], [[1]], [[7, 1]], [[1, 2, 3, 4, 5, 6]]])('can be %j', (days) => {
    expect(isQuietDays(days)).toBe(true);
  });

  test.each([[[0]], [[8]], [[1.5]], [['1']], [[1, 1]], [[1, 2, 3, 4, 5, 6, 7]], [7], ['1'], [null], [{}]])(
    'cannot be %j',
    (value) => {
      expect(isQuietDays(value)).toBe(false);
    },
  );
});

describe('a quiet day', () => {
  // Saturdays and Sundays, but for Apia, where Friday 2011-12-30 was left out.
  test.each([
    ['UTC', 6, '2026-07-04T00:00:00.000Z', '2026-07-05T00:00:00.000Z'],
    ['Europe/Berlin', 7, '2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z'],
    ['Europe/Berlin', 7, '2026-10-24T22:00:00.000Z', '2026-10-25T23:00:00.000Z'],
    ['Australia/Lord_Howe', 7, '2026-04-04T13:00:00.000Z', '2026-04-05T13:30:00.000Z'],
    ['Australia/Lord_Howe', 7, '2026-10-03T13:30:00.000Z', '2026-10-04T13:00:00.000Z'],
    // It begins at one o'clock.
    ['America/Santiago', 7, '2026-09-06T04:00:00.000Z', '2026-09-07T03:00:00.000Z'],
    // Its last hour came twice.
    ['America/Santiago', 6, '2026-04-04T03:00:00.000Z', '2026-04-05T04:00:00.000Z'],
    ['Africa/Cairo', 5, '2026-04-23T22:00:00.000Z', '2026-04-24T21:00:00.000Z'],
    ['Africa/Cairo', 4, '2026-10-28T21:00:00.000Z', '2026-10-29T22:00:00.000Z'],
    ['Pacific/Apia', 4, '2011-12-29T10:00:00.000Z', '2011-12-30T10:00:00.000Z'],
    ['Pacific/Apia', 6, '2011-12-30T10:00:00.000Z', '2011-12-31T10:00:00.000Z'],
    // At one minute past midnight clocks went back to Saturday, which had ended already.
    ['America/St_Johns', 6, '2010-11-06T02:30:00.000Z', '2010-11-07T02:30:00.000Z'],
    ['America/St_Johns', 7, '2010-11-07T02:30:00.000Z', '2010-11-08T03:30:00.000Z'],
  ])('of %s, %i, lasts from %s to %s', (timeZone, day, from, to) => {
    const counted = new CountedTime({ timeZone, quietDays: [day] });
    const [start, end] = [at(from), at(to)];
    expect(counted.endOfQuietDay(start)).toEqual(end);
    expect(counted.endOfQuietDay(new Date(end.getTime() - 1))).toEqual(end);
    expect(counted.endOfQuietDay(new Date(start.getTime() - 1))).toBeUndefined();
    expect(counted.endOfQuietDay(end)).toBeUndefined();
    expect(counted.between(start, end)).toBe(0);
    expect(counted.add(new Date(start.getTime() - 1_000), 1_001)).toEqual(new Date(end.getTime() + 1));
  });

  test('is over when its date comes a second time, since the next day has begun', () => {
    const again = at('2010-11-07T03:00:00Z');
    const quietOn = (day: number) => new CountedTime({ timeZone: 'America/St_Johns', quietDays: [day] });
    expect(quietOn(6).endOfQuietDay(again)).toBeUndefined();
    expect(quietOn(6).add(again, hour)).toEqual(at('2010-11-07T04:00:00Z'));
    expect(quietOn(7).endOfQuietDay(again)).toEqual(at('2010-11-08T03:30:00Z'));
    expect(quietOn(7).add(again, hour)).toEqual(at('2010-11-08T04:30:00Z'));
  });

  test('that is left out takes no time', () => {
    const counted = new CountedTime({ timeZone: 'Pacific/Apia', quietDays: [5] });
    const [before, after] = [at('2011-12-30T09:00:00Z'), at('2011-12-30T11:00:00Z')];
    expect(counted.between(before, after)).toBe(2 * hour);
    expect(counted.add(before, 2 * hour)).toEqual(after);
    expect(counted.endOfQuietDay(at('2011-12-30T10:00:00Z'))).toBeUndefined();
  });
});

test('time ends with the day before a quiet one if nothing is left of it', () => {
  const counted = new CountedTime({ timeZone: 'Europe/Berlin', quietDays: [6, 7] });
  const friday = at('2026-07-03T12:00:00Z');
  expect(counted.add(friday, 10 * hour)).toEqual(at('2026-07-03T22:00:00Z'));
  expect(counted.add(friday, 10 * hour + 1)).toEqual(at('2026-07-05T22:00:00.001Z'));
});

const quiet = fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { maxLength: 6 });
const inYear = fc.record({
  zone: fc.constantFrom(...zones),
  // A quarter of an hour, and perhaps a millisecond beside it, as where clocks change.
  quarters: fc.integer({ min: 0, max: 365 * 96 }),
  beside: fc.constantFrom(-1, 0, 1, 123_456),
});
const instantOf = ({
  zone,
  quarters,
  beside,
}: {
  zone: { year: number };
  quarters: number;
  beside: number;
}) => Date.UTC(zone.year) + quarters * 900_000 + beside;

describe('over a year in which clocks changed', () => {
  test(
    'a day is quiet exactly from the first instant of its date to that of the next',
    () => {
      fc.assert(
        fc.property(inYear, quiet, (place, quietDays) => {
          const { timeZone } = place.zone;
          const now = instantOf(place);
          const days = daySpans(timeZone);
          const end = new CountedTime({ timeZone, quietDays }).endOfQuietDay(new Date(now));
          expect(end !== undefined).toBe(quietDays.includes(days.weekdayAt(now)));
          if (end === undefined) return;
          expect(days.countedMs(now, end.getTime(), quietDays)).toBe(0);
          expect(days.weekdayAt(end.getTime())).not.toBe(days.weekdayAt(now));
        }),
        { numRuns: 500 },
      );
    },
    patience,
  );

  test(
    'time that is added is what passes, and not a millisecond too late',
    () => {
      fc.assert(
        fc.property(inYear, quiet, fc.integer({ min: 1, max: 30 * 24 * hour }), (place, quietDays, ms) => {
          const { timeZone } = place.zone;
          const now = instantOf(place);
          const days = daySpans(timeZone);
          const counted = new CountedTime({ timeZone, quietDays });
          const end = counted.add(new Date(now), ms);
          expect(days.countedMs(now, end.getTime(), quietDays)).toBe(ms);
          expect(days.countedMs(now, end.getTime() - 1, quietDays)).toBe(ms - 1);
          expect(counted.between(new Date(now), end)).toBe(ms);
        }),
        { numRuns: 500 },
      );
    },
    patience,
  );
});
