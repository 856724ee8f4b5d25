import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type GameSettings, gameStatuses } from '../../../lib/lobby/domain/game.ts';
import {
  changeSettings as change,
  type GameChanges,
  settingNames,
} from '../../../lib/lobby/domain/game-update.ts';

const now = new Date('2031-05-01T12:00:00.000Z');
const changeSettings = (game: Parameters<typeof change>[0], changes: GameChanges, at: Date) =>
  change(game, changes, at, 900_000);
const settings: GameSettings = {
  gameName: 'Orion Arm',
  description: '',
  minPlayers: 2,
  maxPlayers: 4,
  startGapHours: 0,
  startGapPlayers: 0,
  enrollmentEndsAt: new Date('2031-06-01T12:00:00.000Z'),
  turnSchedule: '0 20 * * *',
  timeZone: 'UTC',
  turnSeconds: null,
  minTurnSeconds: null,
  quietDays: [],
  graceSeconds: 0,
  early: 'off',
  autoApprove: false,
  spectators: false,
  options: {},
  engineFamily: 'test-game',
  targetEngineVersion: '1.0.0',
};
const other: GameSettings = {
  gameName: 'Perseus Arm',
  description: 'Grim',
  minPlayers: 3,
  maxPlayers: 5,
  startGapHours: 1,
  startGapPlayers: 1,
  enrollmentEndsAt: new Date('2031-07-01T12:00:00.000Z'),
  turnSchedule: '0 8 * * *',
  timeZone: 'Asia/Tokyo',
  turnSeconds: null,
  minTurnSeconds: 7_200,
  quietDays: [6, 7],
  graceSeconds: 600,
  early: 'all_ready',
  autoApprove: true,
  spectators: true,
  options: { map: 'large' },
  engineFamily: 'other-game',
  targetEngineVersion: '2.0.0',
};
const keys = Object.keys(settingNames) as (keyof GameSettings)[];
const subset = fc.subarray(keys, { minLength: 1 });
const pick = (chosen: readonly (keyof GameSettings)[]) =>
  Object.fromEntries(chosen.map((key) => [key, other[key]])) as Partial<GameSettings>;

describe('a change of settings', () => {
  test('of a draft takes what it names and keeps the rest', () => {
    fc.assert(
      fc.property(subset, (chosen) => {
        const changed = changeSettings({ ...settings, status: 'draft' }, pick(chosen), now);
        // minPlayers 3 and maxPlayers 4 go together as well.
        expect(changed).toEqual({ ok: true, settings: { ...settings, ...pick(chosen) } });
      }),
    );
  });

  test('while players enroll may name nothing but name, description, deadline and automatic approval', () => {
    const open = ['gameName', 'description', 'enrollmentEndsAt', 'autoApprove'];
    fc.assert(
      fc.property(subset, (chosen) => {
        const changed = changeSettings({ ...settings, status: 'enrollment_open' }, pick(chosen), now);
        const fits = chosen.every((key) => open.includes(key));
        expect(changed).toMatchObject(fits ? { ok: true } : { ok: false, code: 'invalid_state' });
      }),
    );
  });

  test.each(gameStatuses.filter((status) => !['draft', 'enrollment_open'].includes(status)))(
    'is refused when a game is %s',
    (status) => {
      fc.assert(
        fc.property(subset, (chosen) => {
          const changed = changeSettings({ ...settings, status }, pick(chosen), now);
          expect(changed).toMatchObject({
            ok: false,
            code: 'invalid_state',
            details: { status, allowed: [] },
          });
        }),
      );
    },
  );

  test('is judged by what comes of it, not by what it names', () => {
    const game = { ...settings, status: 'draft' } as const;
    expect(changeSettings(game, { minPlayers: 5 }, now)).toEqual({
      ok: false,
      code: 'invalid_request',
      fields: [{ field: 'max_players', problem: 'must not be below min_players (5)' }],
    });
    expect(changeSettings(game, { minPlayers: 5, maxPlayers: 5 }, now)).toMatchObject({ ok: true });
  });

  test('needs a deadline that lies ahead only when it names one', () => {
    const game = { ...settings, status: 'draft' } as const;
    const later = new Date('2031-08-01T00:00:00.000Z');
    expect(changeSettings(game, { gameName: 'Late' }, later)).toMatchObject({ ok: true });
    expect(changeSettings(game, { enrollmentEndsAt: other.enrollmentEndsAt }, later)).toMatchObject({
      ok: false,
      code: 'invalid_request',
      fields: [{ field: 'enrollment_ends_at' }],
    });
  });

  test('puts one clock in the place of the other, with what is usual for it', () => {
    const byDay = { ...settings, status: 'draft' } as const;
    const rolling = { ...byDay, turnSchedule: null, turnSeconds: 3_600, early: 'all_ready' } as const;
    const changed = (game: Parameters<typeof change>[0], changes: GameChanges) =>
      expect(changeSettings(game, changes, now));
    const hourly = { turnSchedule: null, turnSeconds: 3_600, early: 'all_ready' };
    changed(byDay, { turnSeconds: 3_600 }).toMatchObject({ settings: hourly });
    changed(byDay, { turnSeconds: 3_600, turnSchedule: null }).toMatchObject({ settings: hourly });
    changed(byDay, { turnSeconds: 3_600, early: 'off' }).toMatchObject({
      settings: { ...hourly, early: 'off' },
    });
    const daily = { turnSchedule: '0 8 * * *', turnSeconds: null, early: 'off' };
    changed(rolling, { turnSchedule: '0 8 * * *' }).toMatchObject({ settings: daily });
    changed({ ...rolling, early: 'off' }, { turnSeconds: 7_200 }).toMatchObject({
      settings: { early: 'off' },
    });
    const refused = (field: string) => ({ code: 'invalid_request', fields: [{ field }] });
    changed(byDay, { turnSchedule: null }).toMatchObject(refused('turn_schedule'));
    changed(rolling, { turnSeconds: null }).toMatchObject(refused('turn_schedule'));
    changed(byDay, { turnSeconds: 3_600, turnSchedule: '0 8 * * *' }).toMatchObject(refused('turn_seconds'));
    changed(byDay, { turnSeconds: 899 }).toMatchObject(refused('turn_seconds'));
  });

  test('keeps what bounds deadlines when it gets another clock, and takes a minimum away with null', () => {
    const bounds = { minTurnSeconds: 3_600, quietDays: [6, 7], graceSeconds: 600 };
    const game = { ...settings, ...bounds, status: 'draft' } as const;
    const changed = (changes: GameChanges) => expect(changeSettings(game, changes, now));
    changed({ turnSeconds: 7_200 }).toMatchObject({ ok: true, settings: bounds });
    changed({ turnSeconds: 3_599 }).toMatchObject({ ok: false, fields: [{ field: 'min_turn_seconds' }] });
    changed({ turnSeconds: 3_599, minTurnSeconds: null }).toMatchObject({
      ok: true,
      settings: { ...bounds, minTurnSeconds: null },
    });
    changed({ quietDays: [], graceSeconds: 0 }).toMatchObject({
      settings: { minTurnSeconds: 3_600, quietDays: [], graceSeconds: 0 },
    });
  });

  test('needs a clock that is allowed only when it names it', () => {
    const fast = { ...settings, turnSchedule: '*/5 * * * *', status: 'draft' } as const;
    expect(changeSettings(fast, { gameName: 'Fast' }, now)).toMatchObject({ ok: true });
    for (const changes of [{ turnSchedule: '*/6 * * * *' }, { timeZone: 'Asia/Tokyo' }]) {
      expect(changeSettings(fast, changes, now)).toMatchObject({ fields: [{ field: 'turn_schedule' }] });
    }
  });

  test('while players enroll moves the deadline to a later time, and one that lies ahead', () => {
    const game = { ...settings, status: 'enrollment_open' } as const;
    const at = (enrollmentEndsAt: Date, when = now) => changeSettings(game, { enrollmentEndsAt }, when);
    expect(at(new Date(+settings.enrollmentEndsAt + 1))).toMatchObject({ ok: true });
    expect(at(settings.enrollmentEndsAt)).toMatchObject({ ok: false, code: 'invalid_state' });
    expect(at(other.enrollmentEndsAt, new Date('2031-08-01T00:00:00.000Z'))).toMatchObject({
      ok: false,
      code: 'invalid_request',
    });
  });
});
