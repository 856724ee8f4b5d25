import { describe, expect, it } from 'vitest';
import type { GameSetup } from '../../../lib/engine/api.ts';
import { orderChecker } from '../../../lib/engine-kit/check-orders.ts';
import { Play, type Position } from '../../../lib/engine-kit/play.ts';
import type { SeatOrders } from '../../../lib/engine-kit/rules.ts';
import { type Board, drop, emptyBoard } from '../../../lib/four-in-a-row/domain/board.ts';
import { bestColumn } from '../../../lib/four-in-a-row/domain/bot.ts';
import { type Orders, rules, type State } from '../../../lib/four-in-a-row/rules.ts';

function newGame(bots: readonly boolean[] = [false, false]) {
  const setup: GameSetup = {
    game_id: '01930f3c-7b1a-7000-8000-0000000000aa',
    seed: 'ab'.repeat(32),
    seats: bots.map((bot, index) => ({ seat: index + 1, label: `Seat ${index + 1}`, bot })),
    options: {},
  };
  const check = orderChecker(rules);
  const play = new Play(rules, setup, check);
  let position: Position<State> = play.setUp();
  const turn = (given: SeatOrders<Orders>, vacant: readonly number[] = []) => {
    const [seat = 0] = position.response.awaiting;
    position = play.turn(position, new Map([[seat, given]]), new Set(vacant));
    return position.response;
  };
  return {
    get response() {
      return position.response;
    },
    get board() {
      return position.state.board;
    },
    problems: (seat: number, orders: unknown) => check(position, seat, orders),
    move: (column: number) => turn({ state: 'ready', orders: { column } }),
    miss: () => turn({ state: 'missing' }),
    leave: (...seats: number[]) => turn({ state: 'missing' }, seats),
  };
}

const finished = (winner: number) => ({
  status: 'finished',
  awaiting: [],
  result: {
    kind: 'finished',
    placements: [1, 2].map((seat) => ({ seat, rank: seat === winner ? 1 : 2 })),
  },
});

describe('a game of four in a row', () => {
  it.each([
    ['up', [1, 2, 1, 2, 1, 2, 1], 1],
    ['across', [1, 1, 2, 2, 3, 3, 4], 1],
    ['diagonally upwards', [1, 2, 2, 3, 3, 4, 3, 4, 4, 7, 4], 1],
    ['diagonally downwards', [7, 6, 6, 5, 5, 4, 5, 4, 4, 1, 4], 1],
    ['for the second seat', [1, 2, 1, 2, 1, 2, 7, 2], 2],
  ])('is won by four discs %s, and not before', (_, moves, winner) => {
    const game = newGame();
    for (const column of moves.slice(0, -1)) expect(game.move(column).status).toBe('running');
    expect(game.move(moves.at(-1) ?? 0)).toMatchObject(finished(winner));
    expect(game.response.stats.find(({ seat }) => seat === winner)?.planets).toBe(4);
  });

  it('is a draw when the board is full', () => {
    const game = newGame();
    const columnsOfADraw = [1, 2, 1, 2, 2, 1, 2, 1, 1, 2, 1, 2, 3, 4, 3, 4, 4, 3, 4, 3, 3, 4, 3, 4];
    for (const column of [...columnsOfADraw, 5, 6, 5, 6, 6, 5, 6, 5, 5, 6, 5, 6]) game.move(column);
    for (let row = 0; row < 6; row++) game.move(7);
    expect(game.response).toMatchObject({
      status: 'finished',
      turn: 42,
      alive: [1, 2],
      result: { kind: 'draw', placements: [{ rank: 1 }, { rank: 1 }] },
    });
  });

  it('refuses a column that is full, is not there, or is not a number, and the seat whose turn it is not', () => {
    const game = newGame();
    for (let row = 0; row < 6; row++) game.move(3);
    expect(game.problems(1, { column: 3 })).toEqual([{ path: '/column', message: 'Column 3 is full.' }]);
    for (const column of [0, 8, 1.5, '3', null]) {
      expect(game.problems(1, { column })).toMatchObject([{ path: '/column' }]);
    }
    expect(game.problems(1, {})).toHaveLength(1);
    expect(game.problems(1, { column: 1, more: true })).not.toEqual([]);
    expect(game.problems(2, { column: 1 })).toEqual([{ path: '', message: 'It is not your turn.' }]);
  });

  it('drops the disc of who missed a move nearest the centre, the left column first', () => {
    const game = newGame();
    for (let row = 0; row < 6; row++) game.move(4);
    game.miss();
    expect(game.board[2]).toEqual([1]);
    expect(game.response.events).toEqual([
      { to: [1, 2], type: 'game.move', payload: { seat: 1, column: 3, row: 1, missing: true } },
    ]);
  });

  it('is lost by the third move that one seat misses in a row', () => {
    const game = newGame();
    for (const other of [1, 7]) {
      expect(game.miss().status).toBe('running');
      game.move(other);
    }
    expect(game.miss()).toMatchObject(finished(2));
    const patient = newGame();
    for (const own of [1, 7, 1]) {
      expect(patient.miss().status).toBe('running');
      patient.move(2);
      patient.move(own);
      patient.move(6);
    }
  });

  it('is won by the other seat when one is left', () => {
    const game = newGame();
    game.move(4);
    expect(game.leave(1)).toMatchObject(finished(2));
  });

  it('counts for nobody when both seats are left', () => {
    expect(newGame().leave(1, 2)).toMatchObject({ status: 'finished', result: { kind: 'void' } });
  });

  it('shows seats and spectators the same', () => {
    const state = rules.setUp({
      seats: [
        { seat: 1, label: 'Red', bot: false },
        { seat: 2, label: 'Yellow', bot: false },
      ],
      options: {},
      random: {
        below: () => 0,
        between: () => 0,
        pick: ([first]) => first as never,
        shuffled: (all) => [...all],
      },
    });
    expect(rules.view(state, 1)).toEqual(rules.view(state, 'spectator'));
  });
});

describe('the bot', () => {
  const boardAfter = (moves: readonly [column: number, seat: number][]) =>
    moves.reduce<Board>((board, [column, seat]) => drop(board, column, seat), emptyBoard);

  it('wins where it can, blocks where it must, and opens no win for the other', () => {
    const threats = boardAfter([
      [1, 1],
      [1, 1],
      [1, 1],
      [7, 2],
      [7, 2],
      [7, 2],
    ]);
    expect(bestColumn(threats, 1, 2)).toBe(1);
    expect(bestColumn(threats, 2, 1)).toBe(7);
    const threat = boardAfter([
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
    expect(bestColumn(threat, 2, 1)).toBe(1);
    // A disc in the centre column would carry the other's fourth disc.
    const trap = boardAfter([
      [1, 2],
      [2, 1],
      [3, 2],
      [1, 1],
      [2, 1],
      [3, 1],
    ]);
    expect(bestColumn(trap, 2, 1)).not.toBe(4);
    expect(bestColumn(emptyBoard, 1, 2)).toBe(4);
  });

  it('moves first where its seat is the first, and never breaks the rules', () => {
    const game = newGame([true, false]);
    expect(game.response).toMatchObject({ turn: 0, awaiting: [2] });
    while (game.response.status === 'running') {
      const free = game.board.findIndex((discs) => discs.length < 6);
      game.move(free + 1);
    }
    expect(game.response.result?.placements).toMatchObject([{ rank: 1 }, { rank: 2 }]);
  });
});
