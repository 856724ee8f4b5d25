import { describe, expect, test } from 'vitest';
import { nextTurnAt, scheduleProblem } from '../../../lib/time/turn-schedule.ts';

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

  test('never comes on a day that does not exist', () => {
    expect(nextTurnAt('0 0 30 2 *', 'UTC', new Date('2026-11-25T00:00:00Z'))).toBeUndefined();
  });
});

test.each([
  ['0 20 * * 1-5', undefined],
  ['0 20 * *', 'must be a cron expression of five fields, such as 0 20 * * 1-5'],
  ['* * * * * *', 'must be a cron expression of five fields, such as 0 20 * * 1-5'],
  ['0 0 30 2 *', 'never comes due; choose a day that exists'],
  ['0 25 * * *', expect.stringMatching(/^is not a cron expression: /)],
])('of the schedule %s the problem is: %s', (schedule, problem) => {
  expect(scheduleProblem(schedule, 'Europe/Berlin', new Date('2026-11-25T00:00:00Z'))).toEqual(problem);
});
