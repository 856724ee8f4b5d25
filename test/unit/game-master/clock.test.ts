import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Clock,
  firstDue,
  nextDue,
  pauseClock,
  resumeClock,
} from '../../../lib/game-master/domain/clock.ts';

const daily: Clock = { turnSchedule: '0 20 * * *', timeZone: 'Europe/Berlin', turnSeconds: null };
const rolling = (turnSeconds: number): Clock => ({ turnSchedule: null, timeZone: 'UTC', turnSeconds });
const at = (text: string) => new Date(text);

describe('The clock of turns by a schedule', () => {
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

  test('keeps its times through a pause', () => {
    expect(pauseClock(daily, at('2026-07-01T18:00:00Z'), at('2026-07-01T17:00:00Z'))).toBeNull();
    expect(resumeClock(daily, null, at('2026-07-03T19:00:00Z'))).toEqual(at('2026-07-04T18:00:00Z'));
  });
});

describe('The clock of turns of a length', () => {
  test('counts from when the turn before was played', () => {
    const played = { dueAt: at('2026-07-01T18:00:00Z'), playedAt: at('2026-07-01T12:00:00Z') };
    expect(nextDue(rolling(60), played)).toEqual(at('2026-07-01T12:01:00Z'));
  });

  test('gives exactly what was left after any number of pauses', () => {
    const start = at('2026-07-01T00:00:00Z').getTime();
    const spell = fc.record({ playedMs: fc.integer({ min: 0, max: 9_000 }), pausedMs: fc.nat(10_000_000) });
    fc.assert(
      fc.property(fc.array(spell, { maxLength: 6 }), (spells) => {
        const clock = rolling(60);
        let now = start;
        let due = firstDue(clock, new Date(now));
        let playedMs = 0;
        for (const spell of spells) {
          now += spell.playedMs;
          playedMs += spell.playedMs;
          const left = pauseClock(clock, due, new Date(now));
          now += spell.pausedMs;
          due = resumeClock(clock, left, new Date(now));
        }
        expect(due.getTime() - now).toBe(60_000 - playedMs);
      }),
    );
  });

  test('leaves a second to a turn that was due when its game paused', () => {
    expect(pauseClock(rolling(60), at('2026-07-01T18:00:00Z'), at('2026-07-01T18:00:05Z'))).toBe(1_000);
  });
});
