// A small game with hidden information and chance, made with the engine kit: each turn every seat bids up to ten of its
// coins in secret; the highest bid wins a prize, a tie is drawn. As an engine of its own it is run with this file.
import type { Rules } from '../../../lib/engine-kit/rules.ts';
import { serveEngine } from '../../../lib/engine-kit/serve-engine.ts';

export type State = {
  readonly seats: readonly number[];
  coins: Record<string, number>;
  prizes: Record<string, number>;
  /** What each seat bid last. */
  bids: Record<string, number>;
  readonly turns: number;
  played: number;
  /** Makes the state as large as that of a real game. */
  readonly ballast: readonly number[];
};
export type Orders = { readonly bid: number };
export type Options = { readonly turns?: number; readonly ballast?: number };
export type View = { readonly coins: number | null; readonly prizes: State['prizes'] };

export const rules: Rules<State, Orders, Options, View> = {
  manifest: {
    family: 'sealed-bids',
    version: '1.0.0',
    seats: { min: 2, max: 4 },
    options_schema: {
      type: 'object',
      properties: {
        turns: { type: 'integer', minimum: 1, maximum: 1_000 },
        ballast: { type: 'integer', minimum: 0, maximum: 100_000 },
      },
      additionalProperties: false,
    },
    orders_schema: {
      type: 'object',
      properties: { bid: { type: 'integer', minimum: 0, maximum: 10 } },
      required: ['bid'],
      additionalProperties: false,
    },
    turn_order: 'simultaneous',
    hidden_information: true,
    spectator_view: false,
  },
  setUp: ({ seats, options: { turns = 3, ballast = 0 }, random }) => ({
    seats: seats.map(({ seat }) => seat),
    coins: Object.fromEntries(seats.map(({ seat }) => [seat, 100])),
    prizes: Object.fromEntries(seats.map(({ seat }) => [seat, 0])),
    bids: {},
    turns,
    played: 0,
    ballast: Array.from({ length: ballast }, () => random.below(1_000_000)),
  }),
  validate: ({ coins }, { seat, orders: { bid } }) =>
    bid <= (coins[seat] ?? 0) ? [] : [{ path: '/bid', message: `You have ${coins[seat]} coins.` }],
  resolve(state, { turn, orders, random }) {
    const bids = state.seats.map((seat) => {
      const given = orders.get(seat);
      return { seat, bid: given !== undefined && 'orders' in given ? given.orders.bid : 0 };
    });
    const highest = Math.max(...bids.map(({ bid }) => bid));
    const winner = random.pick(bids.filter(({ bid }) => bid === highest)).seat;
    for (const { seat, bid } of bids) state.coins[seat] = (state.coins[seat] ?? 0) - bid;
    state.prizes[winner] = (state.prizes[winner] ?? 0) + 1;
    state.bids = Object.fromEntries(bids.map(({ seat, bid }) => [seat, bid]));
    state.played = turn;
    return { state, events: [{ to: [winner], type: 'prize', payload: { turn } }] };
  },
  standing({ seats, coins, prizes, turns, played }) {
    const over = played === turns;
    return {
      awaiting: over ? [] : [...seats],
      alive: [...seats],
      stats: seats.map((seat) => ({
        seat,
        planets: prizes[seat] ?? 0,
        population: coins[seat] ?? 0,
        ships_built: 0,
      })),
      ...(over && {
        result: { kind: 'finished', placements: seats.map((seat) => ({ seat, rank: seat })) },
      }),
    };
  },
  view: ({ coins, prizes }, audience) => ({
    coins: audience === 'spectator' ? null : (coins[audience] ?? 0),
    prizes,
  }),
  bot: ({ coins }, { random }) => ({ bid: Math.min(coins ?? 0, random.below(11)) }),
};

if (import.meta.main) await serveEngine(rules);
