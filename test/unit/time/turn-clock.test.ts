import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  firstDue,
  latestClosing,
  nextDeadlines,
  nextDue,
  type TurnClock,
} from '../../../lib/time/turn-clock.ts';
import { shortestInterval } from '../../../lib/time/turn-schedule.ts';
import { daySpans, zones } from '../../support/time/day-spans.ts';

/** For properties, on a machine that is busy. */
const patience = 120_000;
const at = (text: string) => new Date(text);
const plain = { minTurnSeconds: null, quietDays: [], graceSeconds: 0 };
const by = (turnSchedule: string, timeZone: string, changes: Partial<TurnClock> = {}): TurnClock => ({
  turnSchedule,
  timeZone,
  turnSeconds: null,
  ...plain,
  ...changes,
});
const rolling = (turnSeconds: number, timeZone = 'UTC', changes: Partial<TurnClock> = {}): TurnClock => ({
  turnSchedule: null,
  timeZone,
  turnSeconds,
  ...plain,
  ...changes,
});
const daily = by('0 20 * * *', 'Europe/Berlin');

describe('the clock of turns by a schedule', () => {
  test('brings the first turn at the first time after the set-up', () => {
    expect(firstDue(daily, at('2026-07-01T12:00:00Z'))).toEqual(at('2026-07-01T18:00:00Z'));
  });

  test('brings no other turn at the time of one that was played early', () => {
    const played = { dueAt: at('2026-07-01T18:00:00Z'), playedAt: at('2026-07-01T17:50:00Z') };
    expect(nextDue(daily, played)).toEqual(at('2026-07-02T18:00:00Z'));
  });

  test('makes up for nothing that was missed', () => {
    const played = { dueAt: at('2026-07-01T18:00:00Z'), playedAt: at('2026-07-04T09:00:00Z') };
    expect(nextDue(daily, played)).toEqual(at('2026-07-04T18:00:00Z'));
  });

  test('keeps its hour when clocks change', () => {
    const played = { dueAt: at('2026-10-24T18:00:00Z'), playedAt: at('2026-10-24T18:00:01Z') };
    expect(nextDue(daily, played)).toEqual(at('2026-10-25T19:00:00Z'));
  });

  test('skips a time that is too near to the turn before', () => {
    const clock = { ...daily, minTurnSeconds: 12 * 3_600 };
    const next = (playedAt: string) =>
      nextDue(clock, { dueAt: at('2026-07-01T18:00:00Z'), playedAt: at(playedAt) });
    expect(next('2026-07-02T05:59:59.999Z')).toEqual(at('2026-07-02T18:00:00Z'));
    expect(next('2026-07-02T06:00:00.000Z')).toEqual(at('2026-07-03T18:00:00Z'));
    expect(firstDue(clock, at('2026-07-02T06:00:00Z'))).toEqual(at('2026-07-03T18:00:00Z'));
  });

  test('skips times in quiet days, by the date of its time zone', () => {
    // Midnight on Saturdays, at which the quiet day begins, and the last minute of Sundays.
    const clock = by('0 0 * * *', 'America/Santiago', { quietDays: [6, 7] });
    expect(firstDue(clock, at('2026-07-03T12:00:00Z'))).toEqual(at('2026-07-06T04:00:00Z'));
    const late = by('59 23 * * *', 'America/Santiago', { quietDays: [6, 7] });
    expect(firstDue(late, at('2026-07-03T12:00:00Z'))).toEqual(at('2026-07-04T03:59:00Z'));
    expect(firstDue(late, at('2026-07-04T03:59:00Z'))).toEqual(at('2026-07-07T03:59:00Z'));
  });

  test.each([
    // The time that clocks skip comes at its end; that belongs to the quiet day.
    ['America/Santiago', '0 0 * * *', [7], '2026-09-05T12:00:00Z', '2026-09-07T03:00:00.000Z'],
    ['America/Santiago', '0 0 * * *', [], '2026-09-05T12:00:00Z', '2026-09-06T04:00:00.000Z'],
    ['Africa/Cairo', '0 0 * * *', [5], '2026-04-23T12:00:00Z', '2026-04-24T21:00:00.000Z'],
    ['Africa/Cairo', '0 0 * * *', [], '2026-04-23T12:00:00Z', '2026-04-23T22:00:00.000Z'],
    ['Australia/Lord_Howe', '15 2 * * *', [], '2026-10-03T12:00:00Z', '2026-10-03T15:30:00.000Z'],
    ['Australia/Lord_Howe', '15 2 * * *', [7], '2026-10-03T12:00:00Z', '2026-10-04T15:15:00.000Z'],
    // Friday was left out.
    ['Pacific/Apia', '0 20 * * *', [], '2011-12-30T06:00:00Z', '2011-12-31T06:00:00.000Z'],
    ['Pacific/Apia', '0 20 * * *', [5], '2011-12-30T06:00:00Z', '2011-12-31T06:00:00.000Z'],
    ['Pacific/Apia', '0 20 * * *', [6], '2011-12-30T06:00:00Z', '2012-01-01T06:00:00.000Z'],
  ])(
    'in %s by %s, with quiet days %j, is next due after %s at %s',
    (timeZone, schedule, quietDays, from, due) => {
      expect(firstDue(by(schedule, timeZone, { quietDays }), at(from))).toEqual(at(due));
    },
  );

  test('says so when it never comes due', () => {
    const never = by('0 20 * * 6', 'UTC', { quietDays: [6] });
    expect(() => firstDue(never, at('2026-07-01T00:00:00Z'))).toThrow(
      'the schedule 0 20 * * 6 never comes due',
    );
  });
});

describe('the clock of turns of a length', () => {
  test('counts from when the turn before was played', () => {
    const played = { dueAt: at('2026-07-01T18:00:00Z'), playedAt: at('2026-07-01T12:00:00Z') };
    expect(nextDue(rolling(60), played)).toEqual(at('2026-07-01T12:01:00Z'));
  });

  test('stands still on quiet days, also when a turn opens on one', () => {
    const clock = rolling(86_400, 'Europe/Berlin', { quietDays: [6, 7] });
    expect(firstDue(clock, at('2026-07-02T12:00:00Z'))).toEqual(at('2026-07-03T12:00:00Z'));
    expect(firstDue(clock, at('2026-07-03T12:00:00Z'))).toEqual(at('2026-07-06T12:00:00Z'));
    // A turn that all were ready for on Saturday.
    expect(firstDue(clock, at('2026-07-04T12:00:00Z'))).toEqual(at('2026-07-06T22:00:00Z'));
  });

  test('of a month with one day a week that counts takes thirty weeks', () => {
    const clock = rolling(2_592_000, 'UTC', { quietDays: [1, 2, 3, 4, 5, 6] });
    expect(firstDue(clock, at('2026-01-04T12:00:00Z'))).toEqual(at('2026-08-02T12:00:00Z'));
  });

  test('is elapsed time where clocks change', () => {
    expect(firstDue(rolling(86_400, 'Europe/Berlin'), at('2026-03-28T18:00:00Z'))).toEqual(
      at('2026-03-29T18:00:00Z'),
    );
    // The quiet Sunday has 23 hours, the Monday after it 24.
    const clock = rolling(86_400, 'Europe/Berlin', { quietDays: [7] });
    expect(firstDue(clock, at('2026-03-28T18:00:00Z'))).toEqual(at('2026-03-30T17:00:00Z'));
  });
});

test('a turn closes at the end of its grace at the latest, which is in no due time', () => {
  expect(latestClosing({ graceSeconds: 0 }, at('2026-07-01T18:00:00Z'))).toEqual(at('2026-07-01T18:00:00Z'));
  expect(nextDeadlines({ ...daily, graceSeconds: 5_400 }, at('2026-07-01T18:00:00Z'), 2)).toEqual([
    { dueAt: at('2026-07-02T18:00:00Z'), closesAt: at('2026-07-02T19:30:00Z') },
    { dueAt: at('2026-07-03T18:00:00Z'), closesAt: at('2026-07-03T19:30:00Z') },
  ]);
  expect(nextDeadlines(rolling(60, 'UTC', { graceSeconds: 29 }), at('2026-07-01T18:00:00Z'), 3)).toEqual([
    { dueAt: at('2026-07-01T18:01:00Z'), closesAt: at('2026-07-01T18:01:29Z') },
    { dueAt: at('2026-07-01T18:02:00Z'), closesAt: at('2026-07-01T18:02:29Z') },
    { dueAt: at('2026-07-01T18:03:00Z'), closesAt: at('2026-07-01T18:03:29Z') },
  ]);
});

const hour = 3_600_000;
const quiet = fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { maxLength: 6 });
/** How long after a due time, or before it, turns are played. */
const lateness = fc.array(fc.integer({ min: -20 * hour, max: 40 * hour }), { minLength: 1, maxLength: 3 });
const quarter = fc.integer({ min: 0, max: 365 * 96 }).map((count) => count * 900_000);
const times = fc.record({ hour: fc.integer({ min: 0, max: 23 }), minute: fc.integer({ min: 0, max: 59 }) });

describe('over a year in which clocks changed', () => {
  test(
    'a schedule of one time of day keeps to it, and to days that are not quiet',
    () => {
      fc.assert(
        fc.property(
          fc.constantFrom(...zones),
          times,
          quiet,
          fc.option(fc.integer({ min: 1, max: 10 * 3_600 })),
          quarter,
          lateness,
          (zone, time, quietDays, minTurnSeconds, offset, late) => {
            const { timeZone, year } = zone;
            const days = daySpans(timeZone);
            const clock = by(`${time.minute} ${time.hour} * * *`, timeZone, { quietDays, minTurnSeconds });
            let dueAt: Date | null = null;
            let playedAt = new Date(Date.UTC(year) + offset);
            for (const by of late) {
              const next: Date = nextDue(clock, { dueAt, playedAt });
              expect(next.getTime() - playedAt.getTime()).toBeGreaterThanOrEqual(
                (minTurnSeconds ?? 0) * 1_000,
              );
              if (dueAt !== null) expect(next.getTime()).toBeGreaterThan(dueAt.getTime());
              expect(quietDays).not.toContain(days.weekdayAt(next.getTime()));
              // A time that clocks leave out comes at the end of what is left out.
              if (days.has(next.getTime(), time)) expect(days.timeOfDay(next.getTime())).toEqual(time);
              playedAt = new Date(Math.max(next.getTime() + by, playedAt.getTime()));
              dueAt = next;
            }
          },
        ),
        { numRuns: 500 },
      );
    },
    patience,
  );

  test(
    'a turn that is played by the end of its grace costs no time of the schedule',
    () => {
      const schedules = fc.constantFrom(
        '0 20 * * *',
        '0 8,20 * * *',
        '30 2 * * *',
        '0 0 * * 1-5',
        '0 */6 * * *',
      );
      fc.assert(
        fc.property(
          fc.constantFrom(...zones),
          schedules,
          quarter,
          fc.double({ min: 0, max: 1, noNaN: true }),
          fc.double({ min: 0, max: 1, noNaN: true }),
          ({ timeZone, year }, schedule, offset, graceShare, leastShare) => {
            const from = new Date(Date.UTC(year) + offset);
            const shortest = shortestInterval(schedule, timeZone, new Date(Date.UTC(year))) / 1_000;
            // As large as creation allows them to be.
            const graceSeconds = Math.floor(graceShare * (Math.ceil(shortest / 2) - 1));
            const minTurnSeconds = Math.floor(leastShare * (shortest - graceSeconds - 1));
            const dueAt = firstDue(by(schedule, timeZone), from);
            const playedAt = latestClosing({ graceSeconds }, dueAt);
            const clock = by(schedule, timeZone, { graceSeconds, minTurnSeconds });
            expect(nextDue(clock, { dueAt, playedAt })).toEqual(firstDue(by(schedule, timeZone), dueAt));
          },
        ),
        { numRuns: 500 },
      );
    },
    patience,
  );
});
