// Four in a row: two seats drop discs into seven columns of six, in turn; four of one's own in a row win. Nothing is
// hidden, and nothing depends on chance.
import type { GameResult, Rules, Standing } from '../engine-kit/rules.ts';
import {
  type Board,
  columns,
  discsOf,
  drop,
  emptyBoard,
  hasRoom,
  hasWon,
  isFull,
  longestLine,
  nearestCentre,
  rows,
} from './domain/board.ts';
import { bestColumn } from './domain/bot.ts';

/** So many moves missed in a row lose the game. */
const missesThatLose = 3;

export type State = {
  readonly seats: readonly [number, number];
  readonly board: Board;
  /** The seat to move. */
  readonly next: number;
  /** Moves that each seat has missed in a row, by the order of `seats`. */
  readonly missed: readonly [number, number];
  readonly lastMove: Move | null;
  readonly outcome: Outcome | null;
};

type Move = {
  readonly seat: number;
  readonly column: number;
  readonly row: number;
  readonly missing: boolean;
};
type Outcome = { readonly winner: number | null; readonly reason: 'line' | 'full' | 'missed' | 'left' };

export type Orders = { readonly column: number };
export type Options = { readonly bots?: number };
/** Everything: seats and spectators see the same. */
export type View = {
  readonly columns: number;
  readonly rows: number;
  /** Discs by column, the lowest first, as numbers of seats. */
  readonly board: Board;
  readonly seats: readonly number[];
  /** The seat to move; null once the game is over. */
  readonly next: number | null;
  readonly missed: Readonly<Record<string, number>>;
  readonly last_move: Move | null;
  /** null while the game runs; `winner` is null for a draw, or when both have left. */
  readonly outcome: Outcome | null;
};

export const rules: Rules<State, Orders, Options, View> = {
  manifest: {
    family: 'four-in-a-row',
    version: '1.0.0',
    seats: { min: 2, max: 2 },
    options_schema: {
      type: 'object',
      properties: { bots: { type: 'integer', minimum: 0, maximum: 1 } },
      additionalProperties: false,
    },
    orders_schema: {
      type: 'object',
      properties: { column: { type: 'integer', minimum: 1, maximum: columns } },
      required: ['column'],
      additionalProperties: false,
    },
    turn_order: 'sequential',
    hidden_information: false,
    spectator_view: true,
  },

  setUp({ seats }) {
    const [first, second] = seats;
    if (first === undefined || second === undefined) throw new RangeError('the game needs two seats');
    return {
      seats: [first.seat, second.seat],
      board: emptyBoard,
      next: first.seat,
      missed: [0, 0],
      lastMove: null,
      outcome: null,
    };
  },

  validate({ board }, { orders: { column } }) {
    return hasRoom(board, column) ? [] : [{ path: '/column', message: `Column ${column} is full.` }];
  },

  resolve(state, { orders, vacant }) {
    const [left, both] = state.seats.filter((seat) => vacant.has(seat));
    if (left !== undefined) {
      const winner = both === undefined ? otherSeat(state, left) : null;
      return over(state, { winner, reason: 'left' });
    }
    const seat = state.next;
    const given = orders.get(seat);
    const missing = given === undefined || !('orders' in given);
    const missedNow = missing ? missedBy(state, seat) + 1 : 0;
    const missed: State['missed'] =
      seat === state.seats[0] ? [missedNow, state.missed[1]] : [state.missed[0], missedNow];
    if (missedNow === missesThatLose) {
      return over({ ...state, missed }, { winner: otherSeat(state, seat), reason: 'missed' });
    }

    const column = missing ? nearestCentre(state.board) : given.orders.column;
    const board = drop(state.board, column, seat);
    const row = board[column - 1]?.length ?? 0;
    const lastMove = { seat, column, row, missing };
    const moved = { ...state, board, missed, lastMove, next: otherSeat(state, seat) };
    const events = [{ to: [...state.seats], type: 'game.move', payload: lastMove }];
    if (hasWon(board, seat)) return { ...over(moved, { winner: seat, reason: 'line' }), events };
    if (isFull(board)) return { ...over(moved, { winner: null, reason: 'full' }), events };
    return { state: moved, events };
  },

  standing(state): Standing {
    const { seats, board, next, outcome } = state;
    return {
      awaiting: outcome === null ? [next] : [],
      alive: outcome?.winner == null ? [...seats] : [outcome.winner],
      stats: seats.map((seat) => ({
        seat,
        planets: longestLine(board, seat),
        population: discsOf(board, seat),
        ships_built: discsOf(board, seat),
      })),
      ...(outcome === null
        ? {}
        : {
            result: {
              kind: resultKind(outcome),
              placements: seats.map((seat) => ({
                seat,
                rank: outcome.winner === null || outcome.winner === seat ? 1 : 2,
              })),
            },
          }),
    };
  },

  view({ seats, board, next, missed, lastMove, outcome }) {
    return {
      columns,
      rows,
      board,
      seats,
      next: outcome === null ? next : null,
      missed: { [seats[0]]: missed[0], [seats[1]]: missed[1] },
      last_move: lastMove,
      outcome,
    };
  },

  bot({ board, seats }, { seat }) {
    const other = seats.find((one) => one !== seat);
    if (other === undefined) throw new RangeError('the game needs two seats');
    return { column: bestColumn(board, seat, other) };
  },
};

function over(state: State, outcome: Outcome): { state: State } {
  return { state: { ...state, outcome } };
}

/** A game that both have left counts for nobody. */
function resultKind({ winner, reason }: Outcome): GameResult['kind'] {
  if (winner !== null) return 'finished';
  return reason === 'left' ? 'void' : 'draw';
}

function otherSeat({ seats: [first, second] }: State, seat: number): number {
  return seat === first ? second : first;
}

function missedBy({ seats: [first], missed }: State, seat: number): number {
  return seat === first ? missed[0] : missed[1];
}
