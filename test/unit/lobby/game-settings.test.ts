import { describe, expect, test } from 'vitest';
import { type GameSettings, settingsProblems, usualEarlyMode } from '../../../lib/lobby/domain/game.ts';

const now = new Date('2026-05-01T12:00:00.000Z');
const good: GameSettings = {
  gameName: 'Orion Arm',
  description: '',
  minPlayers: 2,
  maxPlayers: 8,
  startGapHours: 24,
  startGapPlayers: 2,
  enrollmentEndsAt: new Date('2026-05-08T12:00:00.000Z'),
  turnSchedule: '0 20 * * 1-5',
  timeZone: 'Europe/Berlin',
  turnSeconds: null,
  minTurnSeconds: null,
  quietDays: [],
  graceSeconds: 0,
  early: 'off',
  autoApprove: false,
  spectators: false,
  options: {},
  engineFamily: 'test-game',
  targetEngineVersion: '1.4.0',
};
const quarterHour = 900_000;
const problems = (changes: Partial<GameSettings>, minTurnIntervalMs = 1_000) =>
  settingsProblems({ ...good, ...changes }, now, minTurnIntervalMs);
const fields = (changes: Partial<GameSettings>) => problems(changes).map(({ field }) => field);

test('settings that make sense have no problems', () => {
  expect(problems({}, quarterHour)).toEqual([]);
});

test('every problem is named at once, under the names that clients use', () => {
  const all = problems({
    minPlayers: 9,
    enrollmentEndsAt: now,
    timeZone: 'Mars/Olympus',
    turnSchedule: 'daily',
    targetEngineVersion: 'latest',
  });
  expect(all.map(({ field }) => field).sort()).toEqual([
    'enrollment_ends_at',
    'max_players',
    'target_engine_version',
    'time_zone',
    'turn_schedule',
  ]);
  for (const { problem } of all) expect(problem).not.toBe('');
});

test('as many players at most as at least are fine', () => {
  expect(fields({ minPlayers: 8, maxPlayers: 8 })).toEqual([]);
});

test('the deadline must lie ahead, by however little', () => {
  expect(fields({ enrollmentEndsAt: new Date(now.getTime() + 1) })).toEqual([]);
  expect(fields({ enrollmentEndsAt: now })).toEqual(['enrollment_ends_at']);
});

describe('turn_schedule', () => {
  test.each(['* * * * *', '*/15 8-18 * * MON-FRI', '0 0 1 JAN *', '0 0 29 2 *'])(
    'takes %s',
    (turnSchedule) => {
      expect(fields({ turnSchedule })).toEqual([]);
    },
  );

  test.each(['', '* * * *', '0 0 0 * * *', '@daily', '60 * * * *', '* * 32 * *', 'a b c d e', '0 0 31 2 *'])(
    'refuses "%s"',
    (turnSchedule) => {
      expect(fields({ turnSchedule })).toEqual(['turn_schedule']);
    },
  );
});

describe('time_zone', () => {
  test.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Asia/Calcutta'])(
    'takes %s',
    (timeZone) => {
      expect(fields({ timeZone })).toEqual([]);
    },
  );

  test.each(['', '+01:00', 'Berlin', 'Europe/Berlin ', '../etc/passwd'])('refuses "%s"', (timeZone) => {
    expect(fields({ timeZone })).toEqual(['time_zone']);
  });
});

describe('target_engine_version', () => {
  test.each(['0.0.1', '1.4.0', '2.0.0-rc.1', '1.0.0+build.7', '1.0.0-a.b+c.d'])(
    'takes %s',
    (targetEngineVersion) => {
      expect(fields({ targetEngineVersion })).toEqual([]);
    },
  );

  test.each(['', '1', '1.4', 'v1.4.0', '01.4.0', '1.4.0 ', '^1.4.0', 'latest'])(
    'refuses "%s"',
    (targetEngineVersion) => {
      expect(fields({ targetEngineVersion })).toEqual(['target_engine_version']);
    },
  );
});

describe('the clock', () => {
  const rolling = (turnSeconds: number) => ({ turnSchedule: null, turnSeconds });

  test('is a schedule or a number of seconds, not both and not none', () => {
    expect(problems(rolling(3_600), quarterHour)).toEqual([]);
    expect(problems({ turnSchedule: null })).toEqual([
      { field: 'turn_schedule', problem: 'is missing; give it or turn_seconds' },
    ]);
    expect(problems({ turnSeconds: 3_600 })).toEqual([
      { field: 'turn_seconds', problem: 'must not be given with turn_schedule' },
    ]);
  });

  test('of seconds leaves no less than the shortest time that is allowed', () => {
    expect(problems(rolling(900), quarterHour)).toEqual([]);
    expect(problems(rolling(899), quarterHour)).toEqual([
      { field: 'turn_seconds', problem: 'must be at least 900' },
    ]);
    // Rounded up, since turns are whole seconds long.
    expect(problems(rolling(1), 1_001)).toEqual([{ field: 'turn_seconds', problem: 'must be at least 2' }]);
  });

  test.each([
    ['*/15 * * * *', undefined],
    ['*/14 * * * *', 'must leave 15 minutes between turns, but two of its turns are 4 minutes apart'],
    ['59 23 * * *', undefined],
    ['0,1 20 * * *', 'must leave 15 minutes between turns, but two of its turns are 1 minute apart'],
    // On the morning on which clocks go from two to three.
    ['0,55 1,3 * * *', 'must leave 15 minutes between turns, but two of its turns are 5 minutes apart'],
  ])('by the schedule %s leaves no less either: %s', (turnSchedule, problem) => {
    const found = problems({ turnSchedule }, quarterHour);
    expect(found).toEqual(problem === undefined ? [] : [{ field: 'turn_schedule', problem }]);
  });

  test('of seconds has deadlines as far apart as its turns at most, and grace for less than half of them', () => {
    const hourly = rolling(3_600);
    expect(problems({ ...hourly, minTurnSeconds: 3_600, graceSeconds: 1_799 })).toEqual([]);
    expect(problems({ ...hourly, minTurnSeconds: 3_601, graceSeconds: 1_800 })).toEqual([
      { field: 'min_turn_seconds', problem: 'must not exceed turn_seconds' },
      { field: 'grace_seconds', problem: 'must be less than half of turn_seconds' },
    ]);
    expect(problems({ ...rolling(2_592_000), graceSeconds: 1_295_999 })).toEqual([]);
    expect(problems({ ...rolling(1), graceSeconds: 0 })).toEqual([]);
  });

  // On the morning on which clocks go forward a day has 23 hours, 82,800 seconds.
  test.each([
    [82_799, 0, []],
    [82_800, 0, ['min_turn_seconds']],
    [72_000, 10_799, []],
    [72_000, 10_800, ['min_turn_seconds']],
    [null, 41_399, []],
    [null, 41_400, ['grace_seconds']],
    [1, 41_400, ['grace_seconds']],
    [82_800, 41_400, ['min_turn_seconds', 'grace_seconds']],
  ])(
    'by a schedule never costs a turn that closes in time: at least %s s and %i s of grace, problems of %j',
    (minTurnSeconds, graceSeconds, problematic) => {
      expect(fields({ turnSchedule: '0 20 * * *', minTurnSeconds, graceSeconds })).toEqual(problematic);
    },
  );

  test('by a schedule says what the bound is', () => {
    const daily = { turnSchedule: '0 20 * * *', minTurnSeconds: 86_400, graceSeconds: 86_400 };
    expect(problems(daily)).toEqual([
      {
        field: 'min_turn_seconds',
        problem: 'must, with grace_seconds, be less than 23 hours, the shortest time between two turns',
      },
      {
        field: 'grace_seconds',
        problem: 'must be less than half of 23 hours, the shortest time between two turns',
      },
    ]);
  });

  test.each([
    ['0 20 * * 1-5', [6, 7], true],
    ['0 20 * * 1-5', [1, 2, 3, 4, 5], false],
    ['0 20 * * *', [1, 2, 3, 4, 5, 6], true],
    ['0 20 * * 6', [6], false],
    ['0 0 L * *', [1, 2, 3, 4, 5, 6], true],
    ['0 0 1 1 *', [1, 2, 3, 4, 5, 6], true],
    // It falls on a Sunday in 2032, and then in 2060.
    ['0 0 29 2 *', [1, 2, 3, 4, 5, 6], true],
  ])('by the schedule %s with quiet days %j comes due: %s', (turnSchedule, quietDays, comesDue) => {
    expect(problems({ turnSchedule, quietDays })).toEqual(
      comesDue
        ? []
        : [
            {
              field: 'quiet_days',
              problem: 'are all the days on which turn_schedule comes due; leave one of them',
            },
          ],
    );
  });

  test('has a problem of its time zone alone when that does not exist', () => {
    const broken = { timeZone: 'Mars/Olympus', minTurnSeconds: 86_400, quietDays: [6], graceSeconds: 86_400 };
    expect(fields({ turnSchedule: '0 20 * * 6', ...broken })).toEqual(['time_zone']);
  });

  test('closes turns early unless it is a schedule', () => {
    expect(usualEarlyMode({ turnSeconds: null })).toBe('off');
    expect(usualEarlyMode({ turnSeconds: 60 })).toBe('all_ready');
  });
});
