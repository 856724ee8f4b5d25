import { describe, expect, test } from 'vitest';
import { type GameSettings, settingsProblems } from '../../../lib/lobby/domain/game.ts';

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
  targetEngineVersion: '1.4.0',
};
const fields = (changes: Partial<GameSettings>) =>
  settingsProblems({ ...good, ...changes }, now).map(({ field }) => field);

test('settings that make sense have no problems', () => {
  expect(settingsProblems(good, now)).toEqual([]);
});

test('every problem is named at once, under the names that clients use', () => {
  const problems = settingsProblems(
    {
      ...good,
      minPlayers: 9,
      enrollmentEndsAt: now,
      timeZone: 'Mars/Olympus',
      turnSchedule: 'daily',
      targetEngineVersion: 'latest',
    },
    now,
  );
  expect(problems.map(({ field }) => field).sort()).toEqual([
    'enrollment_ends_at',
    'max_players',
    'target_engine_version',
    'time_zone',
    'turn_schedule',
  ]);
  for (const { problem } of problems) expect(problem).not.toBe('');
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
