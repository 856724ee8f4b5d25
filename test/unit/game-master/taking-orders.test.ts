import { describe, expect, test } from 'vitest';
import type { GameStatus, Phase } from '../../../lib/game-master/domain/game.ts';
import {
  currentTurn,
  isClosed,
  ordersVerdict,
  sizeProblem,
} from '../../../lib/game-master/domain/taking-orders.ts';

const dueAt = new Date('2026-07-01T18:00:00.000Z');
const dueAnd = (ms: number) => new Date(dueAt.getTime() + ms);
const open = {
  status: 'running' as GameStatus,
  phase: 'open' as Phase,
  playedTurn: 4,
  dueAt,
  graceSeconds: 0,
};

test('The current turn follows the one that was played, and is that one once the game is over', () => {
  expect(currentTurn({ phase: 'setting_up', playedTurn: 0 })).toBe(1);
  expect(currentTurn({ phase: 'open', playedTurn: 4 })).toBe(5);
  expect(currentTurn({ phase: 'closed', playedTurn: 4 })).toBe(5);
  expect(currentTurn({ phase: 'over', playedTurn: 4 })).toBe(4);
});

describe('A turn is closed', () => {
  test('from its due time on, to the millisecond, whether or not a worker has come', () => {
    expect(isClosed(open, true, dueAnd(-1))).toBe(false);
    expect(isClosed(open, true, dueAnd(0))).toBe(true);
    expect(isClosed(open, true, dueAnd(1))).toBe(true);
  });

  test('before its due time, if it was closed', () => {
    expect(isClosed({ phase: 'closed', dueAt, graceSeconds: 0 }, true, dueAnd(-1_000))).toBe(true);
  });

  test('never while its clock stands still', () => {
    expect(isClosed({ phase: 'open', dueAt: null, graceSeconds: 0 }, true, dueAnd(1_000_000))).toBe(false);
  });

  test.each<Phase>(['setting_up', 'over'])('not of a game that is %s', (phase) => {
    expect(isClosed({ phase, dueAt, graceSeconds: 0 }, true, dueAnd(1))).toBe(false);
  });
});

describe('A turn with grace', () => {
  const graceful = { ...open, graceSeconds: 60 };

  test('stays open after its due time for a seat that has given nothing, until the grace is over', () => {
    expect(isClosed(graceful, true, dueAnd(0))).toBe(false);
    expect(isClosed(graceful, true, dueAnd(59_999))).toBe(false);
    expect(isClosed(graceful, true, dueAnd(60_000))).toBe(true);
  });

  test('closes at its due time when every seat has given something', () => {
    expect(isClosed(graceful, false, dueAnd(-1))).toBe(false);
    expect(isClosed(graceful, false, dueAnd(0))).toBe(true);
  });
});

describe('Orders are', () => {
  test('taken for the turn that is open, until the last millisecond', () => {
    expect(ordersVerdict(open, 5, true, dueAnd(-1))).toBe('taken');
    expect(ordersVerdict(open, 5, true, dueAnd(0))).toBe('turn_closed');
  });

  test.each([3, 4, 6])('refused for turn %d while turn 5 is open', (turn) => {
    expect(ordersVerdict(open, turn, true, dueAnd(-1))).toBe('turn_closed');
  });

  test('refused while the turn is closed', () => {
    expect(ordersVerdict({ ...open, phase: 'closed' }, 5, true, dueAnd(-1))).toBe('turn_closed');
  });

  test.each<GameStatus>(['paused', 'finished', 'cancelled'])(
    'refused in a game that is %s, also when it is too late or for another turn',
    (status) => {
      for (const now of [dueAnd(-1), dueAnd(1)]) {
        for (const turn of [5, 6])
          expect(ordersVerdict({ ...open, status }, turn, true, now)).toBe('not_running');
      }
    },
  );

  test.each<Phase>(['setting_up', 'over'])('refused in a game whose phase is %s', (phase) => {
    expect(ordersVerdict({ ...open, phase }, 5, true, dueAnd(-1))).toBe('not_running');
    expect(ordersVerdict({ ...open, phase }, 4, true, dueAnd(-1))).toBe('not_running');
  });
});

describe('Orders may have', () => {
  const perSeat = 64 * 1024;
  const perTurn = 8 * 1024 * 1024;

  test('64 KiB each', () => {
    expect(sizeProblem(perSeat, 0)).toBeUndefined();
    expect(sizeProblem(perSeat + 1, 0)).toBe(
      'Your orders have 65537 bytes as JSON; at most 65536 are taken.',
    );
  });

  test('8 MiB in a turn, with those of all other seats', () => {
    expect(sizeProblem(10, perTurn - 10)).toBeUndefined();
    expect(sizeProblem(10, perTurn - 9)).toBe(
      'The orders of all seats would have more than 8388608 bytes in this turn.',
    );
  });
});
