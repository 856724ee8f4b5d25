import fc from 'fast-check';
import { v7 as uuidv7, validate, version } from 'uuid';
import { describe, expect, test } from 'vitest';
import { nextDue } from '../../../lib/game-master/domain/due.ts';
import { EngineTrouble, requireContinuation } from '../../../lib/game-master/domain/engine-health.ts';
import { finishedEvent, snapshotEvent, troubleEvent } from '../../../lib/game-master/domain/events.ts';
import { isOlder, isOver } from '../../../lib/game-master/domain/runtime.ts';
import { gmEventEntry } from '../../../lib/protocol/gm-events.ts';

const gameId = '0198c5a0-7d3e-7c50-8f0e-3f0f5d1f9a11';
const jobId = '0198c5a0-7d3e-7c50-8f0e-3f0f5d1f9a12';
const userId = '0198c5a0-7d3e-7c50-8f0e-3f0f5d1f9a13';
const players = [{ user_id: userId, planets: 4, population: 2310, ships_built: 12 }];
const state = { game_id: gameId, turn: 7, status: 'running' as const, players };
const at = new Date('2026-11-25T20:00:03.000Z');

describe('the next turn of a game', () => {
  const due = (after: string, intervalMs?: number) =>
    nextDue(
      { turnSchedule: '0 20 * * *', timeZone: 'Europe/Berlin' },
      intervalMs,
      new Date(after),
    ).toISOString();

  test('is due by its schedule, in its time zone', () => {
    expect(due('2026-11-25T19:00:03.000Z')).toBe('2026-11-26T19:00:00.000Z');
    expect(due('2027-03-27T19:00:03.000Z')).toBe('2027-03-28T18:00:00.000Z');
  });

  test('is a single one and due at once, however many were missed', () => {
    const afterDowntime = '2026-11-20T12:00:00.000Z';
    expect(due(afterDowntime)).toBe('2026-11-20T19:00:00.000Z');
    // One turn, played on the 25th, stands for all missed ones.
    expect(due('2026-11-25T12:34:56.000Z')).toBe('2026-11-25T19:00:00.000Z');
  });

  test('is due after the interval, where there is one', () => {
    expect(due('2026-11-25T19:00:03.000Z', 5_000)).toBe('2026-11-25T19:00:08.000Z');
  });

  test('of a schedule that is never due is an error', () => {
    const never = { turnSchedule: '0 0 30 2 *', timeZone: 'UTC' };
    expect(() => nextDue(never, undefined, at)).toThrow('the schedule 0 0 30 2 * never comes due');
  });
});

describe('an event', () => {
  const runtime = { gameId, jobId };

  test('has the state of the game after a turn, as the lobby reads it', () => {
    const event = snapshotEvent(runtime, state, at);
    expect(event).toEqual({
      event_id: '9f0858dd-a2ea-5f65-b8bc-32c1b186adce',
      event_type: 'runtime_snapshot_update',
      game_id: gameId,
      runtime_job_id: jobId,
      turn: 7,
      runtime_status: 'running',
      engine_health: 'ok',
      player_stats: players,
      occurred_at_ms: at.getTime(),
    });
    expect(gmEventEntry.decode(gmEventEntry.encode(event))).toEqual(event);
  });

  test('of the end has the result, and of trouble the kind of trouble', () => {
    expect(finishedEvent(runtime, { ...state, status: 'finished' }, at)).toMatchObject({
      event_type: 'game_finished',
      turn: 7,
      runtime_status: 'finished',
      engine_health: 'ok',
      player_stats: players,
    });
    expect(troubleEvent(runtime, { turn: 7, players: [] }, 'unreachable', at)).toMatchObject({
      event_type: 'runtime_snapshot_update',
      turn: 7,
      runtime_status: 'running',
      engine_health: 'unreachable',
      player_stats: [],
    });
  });

  test('has the same id whenever it is published, and a different one from every other event of the game', () => {
    const healths = ['unreachable', 'faulty', 'state_lost'] as const;
    const all = (job: string, turn: number, time: Date) => {
      const subject = { gameId, jobId: job };
      return [
        snapshotEvent(subject, { ...state, turn }, time),
        finishedEvent(subject, { ...state, turn }, time),
        ...healths.map((health) => troubleEvent(subject, { turn, players: [] }, health, time)),
      ].map(({ event_id }) => event_id);
    };
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.date({ noInvalidDate: true }), (turn, other, time) => {
        fc.pre(turn !== other);
        const ids = all(jobId, turn, at);
        expect(all(jobId, turn, time)).toEqual(ids);
        const everything = [...ids, ...all(jobId, other, at), ...all(userId, turn, at)];
        expect(new Set(everything).size).toBe(everything.length);
        expect(everything.every((id) => validate(id) && version(id) === 5)).toBe(true);
      }),
    );
  });
});

describe('a runtime', () => {
  test('is older than one whose job was asked for later', () => {
    const jobs = [1_000, 2_000, Date.now()].map((msecs) => uuidv7({ msecs }));
    for (const [earlier, later] of [jobs.slice(0, 2), jobs.slice(1)] as [string, string][]) {
      expect([isOlder(earlier, later), isOlder(later, earlier), isOlder(later, later)]).toEqual([
        true,
        false,
        false,
      ]);
    }
  });

  test.each([
    ['starting', false],
    ['running', false],
    ['paused', false],
    ['start_failed', true],
    ['finished', true],
    ['cancelled', true],
    ['a status that is not known yet', true],
  ])('of a game that is %s is over: %s', (status, over) => {
    expect(isOver({ status, runtimeJobId: jobId }, { jobId })).toBe(over);
  });

  test('is over when the game is unknown, or runs elsewhere', () => {
    expect(isOver(undefined, { jobId })).toBe(true);
    expect(isOver({ status: 'running', runtimeJobId: userId }, { jobId })).toBe(true);
    expect(isOver({ status: 'running', runtimeJobId: null }, { jobId })).toBe(true);
  });
});

describe('an engine that responds', () => {
  const healthAt = (reported: typeof state, playedTurn: number) => {
    try {
      requireContinuation(reported, gameId, playedTurn);
      return 'ok';
    } catch (error) {
      return error instanceof EngineTrouble ? error.health : error;
    }
  };

  test('is fine with the turn where the game was left, and with a later one', () => {
    expect([healthAt(state, 7), healthAt(state, 6), healthAt(state, 0)]).toEqual(['ok', 'ok', 'ok']);
    expect(healthAt({ ...state, game_id: gameId.toUpperCase() }, 7)).toBe('ok');
  });

  test('has lost state when played turns are missing', () => {
    expect([healthAt(state, 8), healthAt({ ...state, turn: 0 }, 1)]).toEqual(['state_lost', 'state_lost']);
  });

  test('is faulty when it plays another game, lists a player twice, or exceeds the limits', () => {
    expect(healthAt({ ...state, game_id: jobId }, 7)).toBe('faulty');
    expect(healthAt({ ...state, players: [...players, ...players] }, 7)).toBe('faulty');
    const many = Array.from({ length: 1_101 }, () => ({ ...state.players[0], user_id: uuidv7() }));
    expect(healthAt({ ...state, players: many as typeof players }, 7)).toBe('faulty');
    expect(healthAt({ ...state, players: many.slice(1) as typeof players }, 7)).toBe('ok');
  });
});
