import { describe, expect, test } from 'vitest';
import {
  allReady,
  awaitedSeats,
  isHeld,
  outcomesAtClose,
  pendingVacancies,
  readySeats,
  type Seat,
  untoldVacancies,
} from '../../../lib/game-master/domain/seats.ts';

const held = (seat: number): Seat => ({
  seat,
  userId: `user-${seat}`,
  vacatedAt: null,
  vacant: false,
  vacancyTold: false,
});
const bot = (seat: number): Seat => ({ ...held(seat), userId: null });
/** Its holder has left, which takes effect with the next open turn. */
const leaving = (seat: number): Seat => ({ ...held(seat), vacatedAt: new Date(0) });
const vacant = (seat: number): Seat => ({ ...leaving(seat), vacant: true });
const told = (seat: number): Seat => ({ ...vacant(seat), vacancyTold: true });
const ready = (seat: number) => ({ seat, ready: true });
const draft = (seat: number) => ({ seat, ready: false });

test('A seat is held while a member is there, also one who is about to leave', () => {
  const seats = [held(1), leaving(2), vacant(3), told(4), bot(5)];
  expect(seats.filter(isHeld).map(({ seat }) => seat)).toEqual([1, 2]);
});

describe('A turn waits for', () => {
  test('the seats that the engine names, without bots and vacant ones', () => {
    const seats = [held(1), held(2), leaving(3), vacant(4), bot(5)];
    expect(awaitedSeats([5, 4, 3, 2], seats)).toEqual([2, 3]);
  });

  test('nobody, if the engine names only seats without a member', () => {
    expect(awaitedSeats([1, 2], [vacant(1), bot(2), held(3)])).toEqual([]);
  });

  test('those who are not ready: a draft is not enough, and orders of others do not count', () => {
    const given = [ready(1), draft(2), ready(4)];
    expect(readySeats([1, 2, 3], given)).toEqual([1]);
    expect(allReady([1, 2, 3], given)).toBe(false);
    expect(allReady([1], given)).toBe(true);
  });

  test('its time, if it waits for nobody', () => {
    expect(allReady([], [ready(1)])).toBe(false);
  });
});

test('A vacancy is pending until it takes effect, and then untold until the engine knows of it', () => {
  const seats = [held(1), leaving(2), vacant(3), told(4), bot(5)];
  expect(pendingVacancies(seats)).toEqual([2]);
  expect(untoldVacancies(seats)).toEqual([3]);
});

describe('When a turn closes', () => {
  const outcomes = (awaiting: number[], seats: Seat[], given: { seat: number; ready: boolean }[]) =>
    outcomesAtClose(awaiting, seats, given).map(({ seat, state }) => `${seat} ${state}`);

  test('awaited seats have what they gave, or are missing', () => {
    const seats = [held(1), held(2), held(3)];
    expect(outcomes([1, 2, 3], seats, [ready(1), draft(2)])).toEqual(['1 ready', '2 draft', '3 missing']);
  });

  test('a seat that was not awaited has its orders, if it gave any', () => {
    const seats = [held(1), held(2), held(3)];
    expect(outcomes([1], seats, [ready(1), draft(2)])).toEqual(['1 ready', '2 draft', '3 not_awaited']);
  });

  test('a vacant seat has no orders, and one whose holder is about to leave still has', () => {
    expect(outcomes([1, 2], [vacant(1), leaving(2)], [draft(1), draft(2)])).toEqual(['1 vacant', '2 draft']);
    expect(outcomes([2], [vacant(1), held(2)], [])).toEqual(['1 not_awaited', '2 missing']);
  });

  test('a bot is never awaited: the engine plays it', () => {
    expect(outcomes([1, 2], [held(1), bot(2)], [])).toEqual(['1 missing', '2 not_awaited']);
  });

  test('every seat has one outcome, in the order of seats', () => {
    expect(outcomes([9, 1], [held(1), bot(2), vacant(3), held(9)], [ready(9)])).toEqual([
      '1 missing',
      '2 not_awaited',
      '3 not_awaited',
      '9 ready',
    ]);
  });
});
