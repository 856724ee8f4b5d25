import { describe, expect, it } from 'vitest';
import type { GameSetup } from '../../../lib/engine/api.ts';
import { orderChecker } from '../../../lib/engine-kit/check-orders.ts';
import { Play } from '../../../lib/engine-kit/play.ts';
import type { Rules, SeatOrders } from '../../../lib/engine-kit/rules.ts';
import { runEngine } from '../../../lib/engine-kit/serve-engine.ts';
import { rules as bids } from '../../support/engines/sealed-bids.ts';

/** A race: each move adds its steps to a seat's total; the seats move in turn, and who reaches the goal wins. */
type Race = { seats: number[]; next: number; steps: Record<string, number>; goal: number };
const stats = { planets: 0, population: 0, ships_built: 0 };
const race: Rules<Race, { steps: number }, object, Race> = {
  manifest: {
    family: 'race',
    version: '1.0.0',
    seats: { min: 1, max: 4 },
    options_schema: {},
    orders_schema: { type: 'object', properties: { steps: { type: 'integer' } }, required: ['steps'] },
    turn_order: 'sequential',
    hidden_information: false,
    spectator_view: true,
  },
  setUp: ({ seats }) => ({ seats: seats.map(({ seat }) => seat), next: 0, steps: {}, goal: 1_000 }),
  validate: (_, { orders: { steps } }) => (steps > 0 ? [] : [{ path: '/steps', message: 'Go on.' }]),
  resolve(state, { orders }) {
    const seat = state.seats[state.next] ?? 0;
    const given = orders.get(seat);
    const steps = given !== undefined && 'orders' in given ? given.orders.steps : 0;
    state.steps[seat] = (state.steps[seat] ?? 0) + steps;
    state.next = (state.next + 1) % state.seats.length;
    return { state, events: [{ to: [...state.seats], type: 'moved', payload: { seat, steps } }] };
  },
  standing({ seats, next, steps, goal }) {
    const winner = seats.find((seat) => (steps[seat] ?? 0) >= goal);
    return {
      awaiting: winner === undefined ? [seats[next] ?? 0] : [],
      alive: [...seats],
      stats: seats.map((seat) => ({ seat, ...stats })),
      ...(winner !== undefined && {
        result: {
          kind: 'finished',
          placements: seats.map((seat) => ({ seat, rank: seat === winner ? 1 : 2 })),
        },
      }),
    };
  },
  view: (state) => state,
  bot: () => ({ steps: 2 }),
};

function setup(bots: readonly boolean[], options: Record<string, unknown> = {}): GameSetup {
  return {
    game_id: '01930f3c-7b1a-7000-8000-0000000000aa',
    seed: 'ab'.repeat(32),
    seats: bots.map((bot, index) => ({ seat: index + 1, label: `Seat ${index + 1}`, bot })),
    options,
  };
}

function playOf<S, O, P, V>(rules: Rules<S, O, P, V>, game: GameSetup) {
  return new Play(rules, game, orderChecker(rules));
}

const none = new Set<number>();
const ready = <O>(orders: O): SeatOrders<O> => ({ state: 'ready', orders });

describe('in a sequential game', () => {
  it('bots move within the turn of a person, until a person is to move', () => {
    const play = playOf(race, setup([false, true, true]));
    const start = play.setUp();
    expect(start.response).toMatchObject({ turn: 0, awaiting: [1] });
    const { state, response } = play.turn(start, new Map([[1, ready({ steps: 1 })]]), none);
    expect(state.steps).toEqual({ 1: 1, 2: 2, 3: 2 });
    expect(response).toMatchObject({ turn: 1, awaiting: [1] });
    expect(response.events.map(({ payload }) => payload.seat)).toEqual([1, 2, 3]);
  });

  it('vacant seats are moved past, too', () => {
    const play = playOf(race, setup([false, false]));
    const { state, response } = play.turn(play.setUp(), new Map([[1, ready({ steps: 1 })]]), new Set([2]));
    expect(state.steps).toEqual({ 1: 1, 2: 0 });
    expect(response.awaiting).toEqual([1]);
  });

  it('a turn ends before a seat gets more events than it may', () => {
    const play = playOf(race, setup([true, true]));
    const { response } = play.turn(play.setUp(), new Map(), none);
    expect(response.status).toBe('running');
    expect(response.events).toHaveLength(20);
  });

  it('a seat gives no orders while another is to move', () => {
    const start = playOf(race, setup([false, false])).setUp();
    const check = orderChecker(race);
    expect(check(start, 2, { steps: 1 })).toEqual([{ path: '', message: 'It is not your turn.' }]);
    expect(check(start, 1, { steps: 0 })).toEqual([{ path: '/steps', message: 'Go on.' }]);
    expect(check(start, 1, { steps: 1 })).toEqual([]);
  });
});

describe('in a simultaneous game', () => {
  it('bots give orders with the people, from their own view alone, and the same when a turn is played again', () => {
    const play = playOf(bids, setup([false, true, true]));
    const start = play.setUp();
    const given = new Map([[1, ready({ bid: 10 })]]);
    const turn = play.turn(start, given, none);
    expect(turn.state.bids).toMatchObject({ 1: 10 });
    expect(Object.keys(turn.state.bids)).toEqual(['1', '2', '3']);
    expect(play.turn(start, given, none)).toEqual(turn);
    const seen: unknown[] = [];
    const nosy: typeof bids = {
      ...bids,
      bot(view) {
        seen.push(view);
        return { bid: 0 };
      },
    };
    playOf(nosy, setup([false, true, true])).turn(start, given, none);
    const view = { coins: 100, prizes: { 1: 0, 2: 0, 3: 0 } };
    expect(seen).toEqual([view, view]);
  });

  it('orders are checked for their size and characters before the schema sees them', () => {
    const start = playOf(bids, setup([false, false])).setUp();
    const check = orderChecker(bids);
    expect(check(start, 1, { bid: 'x'.repeat(65_536) })).toEqual([
      { path: '', message: 'is larger than 65536 bytes' },
    ]);
    expect(check(start, 1, { bid: '\0' })).toEqual([
      { path: '', message: 'has a character that no text may have' },
    ]);
    expect(check(start, 1, { bid: 11 })).toMatchObject([{ path: '/bid' }]);
  });

  it('a state that is frozen keeps rules from changing what others read', () => {
    const meddling: typeof bids = {
      ...bids,
      view(state, audience) {
        state.coins[1] = 0;
        return bids.view(state, audience);
      },
    };
    const play = playOf(meddling, setup([false, false]));
    const { state } = play.setUp();
    expect(() => play.view(state, 1, 0)).toThrow('view of the rules failed');
  });
});

describe('rules that break the interface are told apart, in words for their author:', () => {
  type Standing = ReturnType<typeof bids.standing>;
  const standing = (change: (standing: Standing) => object): Partial<typeof bids> => ({
    standing: (state) => ({ ...bids.standing(state), ...change(bids.standing(state)) }),
  });
  const resolve = (change: object): Partial<typeof bids> => ({
    resolve: (state, turn) => ({ ...bids.resolve(state, turn), ...change }),
  });
  const event = { to: [1], type: 'told', payload: {} };
  it.each<[string, Partial<typeof bids>, string]>([
    ['nobody is awaited', standing(() => ({ awaiting: [] })), 'no seat is awaited, and there is no result'],
    [
      'a stranger is alive',
      standing(() => ({ alive: [1, 2, 9] })),
      'seat 9 is named, which the game does not have',
    ],
    ['the dead are awaited', standing(() => ({ alive: [1] })), 'seat 2 is awaited, which is not alive'],
    ['a seat is awaited twice', standing(() => ({ awaiting: [1, 1] })), 'seat 1 is named twice'],
    ['an event names a seat twice', resolve({ events: [{ ...event, to: [1, 1] }] }), 'seat 1 is named twice'],
    [
      'stats are missing',
      standing(({ stats }) => ({ stats: stats.slice(1) })),
      'stats do not name every seat once',
    ],
    [
      'a result that is not over',
      standing(() => ({
        result: {
          kind: 'draw',
          placements: [
            { seat: 1, rank: 1 },
            { seat: 2, rank: 1 },
          ],
        },
      })),
      'seats are awaited, and there is a result',
    ],
    [
      'placements are missing',
      standing(() => ({ awaiting: [], result: { kind: 'draw', placements: [] } })),
      'the placements of the result do not name every seat once',
    ],
    [
      'a count is negative',
      standing(() => ({ stats: [{ seat: 1, ...stats, planets: -1 }] })),
      'stats/0/planets',
    ],
    ['too many events', resolve({ events: Array(21).fill(event) }), 'seat 1 gets more than 20 events'],
    [
      'a large event',
      resolve({ events: [{ ...event, payload: { text: 'x'.repeat(4_096) } }] }),
      'the payload of the event told has more than 4096 bytes',
    ],
    ['an event without a type', resolve({ events: [{ ...event, type: 'No Type' }] }), 'events/0/type'],
    ['a Map in the state', resolve({ state: { coins: new Map() } }), 'must be JSON, and /coins is a Map'],
    ['NaN in the state', resolve({ state: { coins: [0, Number.NaN] } }), 'must be JSON, and /coins/1 is NaN'],
    ['a promise', resolve({ state: Promise.resolve() }), 'must be JSON, and it is a Promise'],
    ['half of a pair', resolve({ state: { text: '\ud800' } }), '/text is a text with NUL or half of a pair'],
    [
      'an exception',
      {
        resolve() {
          throw new Error('no fleet');
        },
      },
      'resolve of the rules failed: no fleet',
    ],
    [
      'a bot that cheats',
      { bot: () => ({ bid: 11 }) },
      'the bot of seat 3 gave orders for turn 1 that are not valid',
    ],
  ])('%s', (_, broken, message) => {
    const start = playOf(bids, setup([false, false, true])).setUp();
    const two = setup([false, false]);
    const game = broken.bot === undefined ? two : setup([false, false, true]);
    const begin = broken.bot === undefined ? playOf(bids, two).setUp() : start;
    expect(() => playOf({ ...bids, ...broken }, game).turn(begin, new Map(), none)).toThrow(message);
  });

  it.each([
    [{ path: '', message: '' }, 'problems/0/message'],
    [{ path: '/bid', message: 'x'.repeat(1_001) }, 'problems/0/message'],
    [{ path: `/${'x'.repeat(1_000)}`, message: 'Bid less.' }, 'problems/0/path'],
  ])('a problem that players could not be shown', (problem, where) => {
    const start = playOf(bids, setup([false, false])).setUp();
    const check = orderChecker({ ...bids, validate: () => [problem] });
    expect(() => check(start, 1, { bid: 1 })).toThrow(`validate of the rules failed: ${where}`);
  });

  it.each([
    [{ orders_schema: { type: 'objekt' } }, 'orders_schema/type: must be a type of JSON'],
    [{ options_schema: { propertys: {} } }, 'options_schema/propertys: is a keyword that is not known here'],
    [{ family: 'Sealed Bids' }, 'the manifest of the rules is not valid: family'],
    [
      { seats: { min: 4, max: 2 } },
      'the manifest of the rules is not valid: seats: min must not be above max',
    ],
  ])('a manifest that keeps the engine from starting: %j', async (change, message) => {
    const manifest = { ...bids.manifest, ...change };
    const never = new AbortController().signal;
    await expect(runEngine({ ...bids, manifest }, {}, never)).rejects.toThrow(message);
  });

  it('a view that is too large', () => {
    const prizes = Object.fromEntries(Array.from({ length: 30_000 }, (_, index) => [`seat ${index}`, 0]));
    const play = playOf({ ...bids, view: () => ({ coins: 0, prizes }) }, setup([false, false]));
    expect(() => play.view(play.setUp().state, 1, 0)).toThrow(
      'the view of seat:1 after turn 0 has 438912 bytes; at most 262144 are allowed',
    );
  });
});
