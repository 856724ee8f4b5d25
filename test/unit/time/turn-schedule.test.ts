import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  nextTurnAt,
  scheduleProblem,
  shortestInterval,
  unplayableProblem,
} from '../../../lib/time/turn-schedule.ts';

/** The next times at which a turn is due, one after the other. */
function dueTimes(schedule: string, timeZone: string, after: string, count: number): string[] {
  const times: string[] = [];
  for (let from = new Date(after); times.length < count; ) {
    const next = nextTurnAt(schedule, timeZone, from);
    if (next === undefined) throw new Error(`${schedule} is not due again after ${from.toISOString()}`);
    times.push(next.toISOString());
    from = next;
  }
  return times;
}

describe('the next turn', () => {
  test('comes strictly after the given time, to the millisecond', () => {
    const next = (after: string) => nextTurnAt('0 20 * * *', 'UTC', new Date(after))?.toISOString();
    expect(next('2027-03-27T19:59:59.999Z')).toBe('2027-03-27T20:00:00.000Z');
    expect(next('2027-03-27T20:00:00.000Z')).toBe('2027-03-28T20:00:00.000Z');
    expect(next('2027-03-27T20:00:00.001Z')).toBe('2027-03-28T20:00:00.000Z');
  });

  test('is read in the time zone of the game, where its days begin, too', () => {
    const monday = '0 0 * * 1';
    expect(dueTimes(monday, 'Pacific/Auckland', '2026-11-25T00:00:00Z', 1)).toEqual([
      '2026-11-29T11:00:00.000Z',
    ]);
    expect(dueTimes(monday, 'America/Los_Angeles', '2026-11-25T00:00:00Z', 1)).toEqual([
      '2026-11-30T08:00:00.000Z',
    ]);
    expect(dueTimes('15 6 * * *', 'Asia/Kathmandu', '2026-11-25T00:00:00Z', 1)).toEqual([
      '2026-11-25T00:30:00.000Z',
    ]);
  });

  test('keeps its local time when clocks change', () => {
    expect(dueTimes('0 20 * * *', 'Europe/Berlin', '2027-03-26T20:00:00Z', 2)).toEqual([
      '2027-03-27T19:00:00.000Z',
      '2027-03-28T18:00:00.000Z',
    ]);
    expect(dueTimes('0 20 * * *', 'America/New_York', '2026-10-31T12:00:00Z', 2)).toEqual([
      '2026-11-01T00:00:00.000Z',
      '2026-11-02T01:00:00.000Z',
    ]);
  });

  test('that falls into the hour which is left out comes at its end', () => {
    expect(dueTimes('30 2 * * *', 'Europe/Berlin', '2027-03-27T12:00:00Z', 2)).toEqual([
      '2027-03-28T01:00:00.000Z',
      '2027-03-29T00:30:00.000Z',
    ]);
  });

  test('of a list of times is left out with the hour', () => {
    expect(dueTimes('0,30 2 * * *', 'Europe/Berlin', '2027-03-27T12:00:00Z', 2)).toEqual([
      '2027-03-29T00:00:00.000Z',
      '2027-03-29T00:30:00.000Z',
    ]);
  });

  test('of one time of day comes once when an hour comes twice, that of every hour in both', () => {
    expect(dueTimes('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ]);
    expect(dueTimes('30 * * * *', 'Europe/Berlin', '2026-10-24T23:00:00Z', 3)).toEqual([
      '2026-10-24T23:30:00.000Z',
      '2026-10-25T00:30:00.000Z',
      '2026-10-25T01:30:00.000Z',
    ]);
  });

  test('comes on each day that fits the day of the month or the day of the week, when both are given', () => {
    expect(dueTimes('0 0 13 * 5', 'UTC', '2026-12-01T00:00:00Z', 4)).toEqual([
      '2026-12-04T00:00:00.000Z',
      '2026-12-11T00:00:00.000Z',
      '2026-12-13T00:00:00.000Z',
      '2026-12-18T00:00:00.000Z',
    ]);
  });

  test('never comes on a day that does not exist', () => {
    expect(nextTurnAt('0 0 30 2 *', 'UTC', new Date('2026-11-25T00:00:00Z'))).toBeUndefined();
  });
});

const fiveFields =
  'must be a cron expression of five fields with one blank between them, such as 0 20 * * 1-5';
const otherForm = expect.stringMatching(/^is not a cron expression: fields hold /);

test.each([
  ['0 20 * * 1-5', undefined],
  ['0,30 8-20/2 L JAN-MAR,dec mon,3-5', undefined],
  ['*/5 * 1,15 */3 0-7', undefined],
  ['0 20 * *', fiveFields],
  ['* * * * * *', fiveFields],
  ['0 20 * * 1-5\n', fiveFields],
  ['0 20\n* * 1-5', fiveFields],
  ['0\t20 * * 1-5', fiveFields],
  ['0  20 * * 1-5', fiveFields],
  [' 0 20 * * 1-5', fiveFields],
  ['@daily', fiveFields],
  ['0 20 * * +1', otherForm],
  ['0 20 1 * +1', otherForm],
  ['? 20 * * *', otherForm],
  ['0 20 ? * 1', otherForm],
  ['0 20 15W * *', otherForm],
  ['0 20 * * 5L', otherForm],
  ['0 20 * * MON#2', otherForm],
  ['5/10 * * * *', otherForm],
  ['0,,5 20 * * *', otherForm],
  ['MON 20 * * *', otherForm],
  ['L 20 * * *', otherForm],
  ['0 20 * * 1-5;', otherForm],
  ['０ 20 * * *', otherForm],
  ['0 0 30 2 *', 'never comes due; choose a day that exists'],
  ['0 25 * * *', expect.stringMatching(/^is not a cron expression: /)],
])('of the schedule %s the problem is: %s', (schedule, problem) => {
  expect(scheduleProblem(schedule, 'Europe/Berlin', new Date('2026-11-25T00:00:00Z'))).toEqual(problem);
});

test.each([
  ['0  20 * * +1', undefined],
  ['0 20 * * MON#2', undefined],
  ['0 25 * * *', expect.stringMatching(/^is not a cron expression: /)],
])('a game that was made earlier with the schedule %s goes on, or not: %s', (schedule, problem) => {
  expect(unplayableProblem(schedule, 'UTC', new Date('2026-11-25T00:00:00Z'))).toEqual(problem);
});

describe('the shortest time between two turns', () => {
  const from = new Date('2026-11-25T00:00:00Z');
  const minutes = (schedule: string, timeZone = 'UTC') => shortestInterval(schedule, timeZone, from) / 60_000;
  const day = 1_440;

  test.each([
    ['* * * * *', 1],
    ['0,1 20 * * *', 1],
    ['*/7 * * * *', 4],
    ['0 */2 * * *', 120],
    ['0 20 * * 1-5', day],
    ['0 20 * * *', day],
    ['0 20 * * 1,3,5', 2 * day],
    ['0 20 * * MON', 7 * day],
    // Across midnight, where turns are on adjacent days, and where they are not.
    ['59 23,0 * * *', 60],
    ['0 1,23 * * *', 120],
    ['0 1,23 * * SUN', 22 * 60],
    ['0 1,23 1,31 * *', 120],
    ['0 20 31 * *', 31 * day],
    ['0 20 1 * *', 28 * day],
    ['0 20 L 2 *', 365 * day],
    // Only one of them is in sight.
    ['0 0 29 2 *', 1_461 * day],
  ])('of %s is %i minutes', (schedule, shortest) => {
    expect(minutes(schedule)).toBe(shortest);
  });

  test.each([
    // Clocks go from 2 to 3, and from 3 back to 2.
    ['0 20 * * *', 'Europe/Berlin', 23 * 60],
    ['0 20 * * 1-5', 'Europe/Berlin', day],
    ['30 2 * * *', 'Europe/Berlin', 23.5 * 60],
    ['0 * * * *', 'Europe/Berlin', 60],
    ['0,59 1,3 * * *', 'Europe/Berlin', 1],
    ['0,59 2 * * *', 'Europe/Berlin', 1],
    // By half an hour, and at midnight.
    ['0 1,3 * * *', 'Australia/Lord_Howe', 90],
    ['0 0 * * *', 'America/Santiago', 23 * 60],
  ])('of %s in %s counts clock changes: %i minutes', (schedule, timeZone, shortest) => {
    expect(minutes(schedule, timeZone)).toBe(shortest);
  });

  test('is that of the time that is asked about, whatever it was before', () => {
    // Brazil changed its clocks for the last time in 2019.
    const hoursFrom = (day: string) =>
      shortestInterval('0 20 * * *', 'America/Sao_Paulo', new Date(day)) / 3_600_000;
    expect(['2017-01-01', '2020-01-01', '2017-01-01'].map(hoursFrom)).toEqual([23, 24, 23]);
  });

  test('is never longer than what the next turns say, nor shorter without a reason', () => {
    const times = fc.uniqueArray(fc.integer({ min: 0, max: 59 }), { minLength: 1, maxLength: 3 });
    const hours = fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 3 });
    const days = fc.constantFrom('* * *', '* * 0,6', '* * 1-5', '*/2 * *', '28-31 3,10 *');
    const zones = fc.constantFrom(
      'UTC',
      'Europe/Berlin',
      'Australia/Lord_Howe',
      'America/Santiago',
      'Asia/Beirut',
    );
    fc.assert(
      fc.property(times, hours, days, zones, (minute, hour, day, timeZone) => {
        const schedule = `${minute} ${hour} ${day}`;
        const shortest = shortestInterval(schedule, timeZone, from);
        // The weeks around the clock changes of a year.
        const found = [
          '2027-03-10',
          '2027-03-24',
          '2027-04-01',
          '2027-09-01',
          '2027-09-30',
          '2027-10-20',
        ].flatMap((start) => {
          const due = dueTimes(schedule, timeZone, `${start}T00:00:00Z`, 40).map((time) => Date.parse(time));
          return due.slice(1).map((time, i) => time - (due[i] ?? 0));
        });
        expect(shortest).toBeLessThanOrEqual(Math.min(...found));
        if (timeZone === 'UTC' && day === '* * *') expect(shortest).toBe(Math.min(...found));
      }),
      { numRuns: 15 },
    );
  });
});
