import { describe, expect, it } from 'vitest';
import { orderChecker } from '../../../lib/engine-kit/check-orders.ts';
import { Play } from '../../../lib/engine-kit/play.ts';
import type { Galaxy } from '../../../lib/star-conquest/domain/galaxy.ts';
import type { Orders } from '../../../lib/star-conquest/domain/orders.ts';
import { rules } from '../../../lib/star-conquest/rules.ts';
import { galaxyOf, newGame, next, ordersFor, playedByBots } from '../../support/engines/star-conquest.ts';

const planetOf = (galaxy: Galaxy, id: number) => galaxy.planets.find((planet) => planet.id === id);
const play = (galaxy: Galaxy, orders: Record<number, Orders> = {}, vacant: readonly number[] = []) =>
  next(galaxy, new Map(Object.entries(orders).map(([seat, own]) => [Number(seat), own])), vacant);
const turns = (galaxy: Galaxy, count: number): Galaxy =>
  count === 0 ? galaxy : turns(play(galaxy).galaxy, count - 1);

/** Two seats far from each other, with a neutral planet each. */
const two = (more: Partial<Galaxy> = {}) =>
  galaxyOf(
    [
      { id: 1, x: 0, owner: 1, ships: 20 },
      { id: 2, x: 101, ships: 9 },
      { id: 3, x: 899, ships: 9 },
      { id: 4, x: 1_000, owner: 2, ships: 20 },
    ],
    more,
  );

describe('a planet', () => {
  it.each([
    // population, capacity, focus; population and new ships after one turn
    [100, 200, 'ships', 110, 5],
    [99, 200, 'ships', 108, 4],
    [100, 200, 'growth', 120, 0],
    [9, 60, 'ships', 10, 0],
    [9, 60, 'growth', 11, 0],
    [0, 60, 'ships', 1, 0],
    [195, 200, 'ships', 200, 9],
    [200, 200, 'ships', 200, 10],
    [199, 200, 'growth', 200, 0],
  ] as const)('of %i people for %i with focus %s has %i and %i ships more after a turn', (...row) => {
    const [population, capacity, focus, after, ships] = row;
    const galaxy = galaxyOf([
      { id: 1, x: 0, owner: 1, population, capacity, focus, ships: 3 },
      { id: 2, x: 900, owner: 2 },
    ]);
    const { galaxy: grown } = play(galaxy);
    expect(planetOf(grown, 1)).toMatchObject({ population: after, ships: 3 + ships, focus });
    expect(grown.players[0]?.shipsBuilt).toBe(ships);
  });

  it('does nothing while it is neutral', () => {
    expect(planetOf(turns(two(), 5), 2)).toEqual(planetOf(two(), 2));
  });

  it('has its new focus from the turn of the order on, and keeps it', () => {
    const { galaxy } = play(two(), { 1: { focus: [{ planet: 1, focus: 'growth' }] } });
    expect(planetOf(galaxy, 1)).toMatchObject({ focus: 'growth', population: 120, ships: 20 });
    expect(planetOf(turns(galaxy, 1), 1)).toMatchObject({ focus: 'growth', population: 144, ships: 20 });
  });
});

describe('a fleet', () => {
  it.each([
    [100, 1],
    [101, 2],
    [200, 2],
    [201, 3],
    [1_000, 10],
  ])('goes %i far in %i turns', (x, travel) => {
    const galaxy = galaxyOf([
      { id: 1, x: 0, owner: 1, ships: 20 },
      { id: 2, x, owner: 1 },
      { id: 3, x: 500, y: 500, owner: 2 },
    ]);
    const sent = play(galaxy, { 1: { send: [{ from: 1, to: 2, ships: 7 }] } }).galaxy;
    expect(planetOf(sent, 1)?.ships).toBe(20 - 7 + 5);
    const late = turns(sent, travel - 1);
    expect([sent.fleets.length, late.fleets.length]).toEqual([travel === 1 ? 0 : 1, 0]);
    if (travel > 1) expect(turns(sent, travel - 2).fleets).toHaveLength(1);
    const own = turns(play(galaxy).galaxy, travel - 1);
    expect(planetOf(late, 2)?.ships).toBe((planetOf(own, 2)?.ships ?? 0) + 7);
  });

  it('takes a neutral planet, and the seats that took part are told', () => {
    const sent = play(two(), { 1: { send: [{ from: 1, to: 2, ships: 20 }] } }).galaxy;
    const { galaxy, events } = play(sent);
    expect(planetOf(galaxy, 2)).toMatchObject({ owner: 1, population: 50, ships: 16, focus: 'ships' });
    const payload = {
      planet: 2,
      attackers: [{ seat: 1, ships: 20, left: 16 }],
      defender: { seat: null, ships: 9, left: 0 },
      owner: 1,
    };
    expect(events).toEqual([{ to: [1], type: 'game.conquest', payload }]);
  });

  it('of several orders from one planet to the same one is one fleet', () => {
    const orders = { send: [3, 4].map((ships) => ({ from: 1, to: 2, ships })) };
    const { fleets } = play(two(), { 1: orders }).galaxy;
    expect(fleets).toMatchObject([{ owner: 1, from: 1, to: 2, ships: 7, launched: 1, arrives: 2 }]);
  });

  it('lands at its planet without a battle, though that was not its seat’s when it set out', () => {
    const sends = (ships: number): Orders => ({ send: [{ from: 1, to: 2, ships }] });
    const first = play(two(), { 1: sends(15) }).galaxy;
    const second = play(first, { 1: sends(4) }).galaxy;
    const { galaxy, events } = play(second);
    expect(planetOf(second, 2)).toMatchObject({ owner: 1, ships: 10 });
    expect(planetOf(galaxy, 2)).toMatchObject({ owner: 1, ships: 10 + 2 + 4 });
    expect(events).toEqual([]);
  });
});

describe('orders', () => {
  const problems = (orders: object, galaxy = two()) => {
    const play = new Play(
      { ...rules, setUp: () => galaxy },
      {
        game_id: '01930f3c-7b1a-7000-8000-0000000000aa',
        seed: 'ab'.repeat(32),
        seats: [1, 2].map((seat) => ({ seat, label: `Seat ${seat}`, bot: false })),
        options: {},
      },
      () => [],
    );
    return orderChecker(rules)(play.setUp(), 1, orders);
  };
  const send = (...sends: (readonly [number, number, number])[]) => ({
    send: sends.map(([from, to, ships]) => ({ from, to, ships })),
  });

  it.each([
    {},
    { send: [], focus: [] },
    send([1, 2, 20]),
    send([1, 2, 1], [1, 2, 19]),
    { focus: [{ planet: 1, focus: 'growth' }] },
  ])('may be %j', (orders) => {
    expect(problems(orders)).toEqual([]);
  });

  it.each<[object, string, string]>([
    [send([1, 2, 21]), '/send/0/ships', 'Planet 1 has 20 ships, and these orders send 21.'],
    [send([1, 2, 15], [1, 2, 6]), '/send/1/ships', 'Planet 1 has 20 ships, and these orders send 21.'],
    [send([2, 1, 1]), '/send/0/from', 'Planet 2 is not yours.'],
    [send([4, 1, 1]), '/send/0/from', 'Planet 4 is not yours.'],
    [send([1, 1, 1]), '/send/0/to', 'The ships are at planet 1 already.'],
    // There is a planet 4, but the seat has never seen it: both must sound the same.
    [send([1, 4, 1]), '/send/0/to', 'You know no planet 4.'],
    [send([1, 99, 1]), '/send/0/to', 'You know no planet 99.'],
    [{ focus: [{ planet: 2, focus: 'growth' }] }, '/focus/0/planet', 'Planet 2 is not yours.'],
    [
      { focus: ['growth', 'ships'].map((focus) => ({ planet: 1, focus })) },
      '/focus/1/planet',
      'Planet 1 has a focus in these orders already.',
    ],
  ])('may not be %j', (orders, path, message) => {
    expect(problems(orders)).toEqual([{ path, message }]);
  });

  it.each([
    [send([1, 2, 0]), '/send/0/ships'],
    [send([1, 2, -5]), '/send/0/ships'],
    [send([1, 2, 1.5]), '/send/0/ships'],
    [{ send: [{ from: 1, to: 2 }] }, '/send/0'],
    [{ send: [{ from: 1, to: 2, ships: 1, speed: 2 }] }, '/send/0/speed'],
    [{ focus: [{ planet: 1, focus: 'war' }] }, '/focus/0/focus'],
    [{ attack: [] }, '/attack'],
  ])('must fit the schema: %j', (orders, path) => {
    expect(problems(orders).map((problem) => problem.path)).toContain(path);
  });

  it('send at most 200 fleets at a time, with those on their way', () => {
    const far = { from: 1, to: 2, owner: 1, ships: 1, launched: 0, arrives: 9 };
    const full = two({ fleets: Array(199).fill(far) });
    expect(problems(send([1, 2, 1], [1, 2, 2]), full)).toEqual([]);
    const fuller = two({ fleets: Array(200).fill(far) });
    expect(problems(send([1, 2, 1]), fuller)).toEqual([
      { path: '/send', message: 'At most 200 fleets can be on their way, and 200 are already.' },
    ]);
    expect(problems({ focus: [{ planet: 1, focus: 'growth' }] }, fuller)).toEqual([]);
  });

  it('that are missing, or of a seat that is vacant, send nothing and change no focus', () => {
    const orders: Orders = { send: [{ from: 1, to: 2, ships: 5 }], focus: [{ planet: 1, focus: 'growth' }] };
    const missing = play(two()).galaxy;
    expect(play(two(), { 1: orders }, [1]).galaxy).toEqual(missing);
    expect(planetOf(missing, 1)).toMatchObject({ population: 110, ships: 25, focus: 'ships' });
    expect(rules.standing(missing)).toMatchObject({ awaiting: [1, 2], alive: [1, 2] });
  });
});

describe('the end', () => {
  const last = (owned: Partial<Galaxy['planets'][number]>, more: Partial<Galaxy> = {}) =>
    galaxyOf(
      [
        { id: 1, x: 0, owner: 1, ships: 50 },
        { id: 2, x: 100, owner: 2, population: 20, capacity: 30, ships: 5, ...owned },
        { id: 3, x: 500, capacity: 400, population: 400 },
      ],
      more,
    );

  it('comes when one seat is left, and everybody is told who is out', () => {
    const { galaxy, events } = play(last({}), { 1: { send: [{ from: 1, to: 2, ships: 50 }] } });
    expect(events.map(({ to, type }) => [to, type])).toEqual([
      [[1, 2], 'game.conquest'],
      [[1, 2], 'game.eliminated'],
    ]);
    expect(events[1]?.payload).toEqual({ seats: [2] });
    expect(galaxy.ended).toBe('last_seat');
    expect(rules.standing(galaxy)).toMatchObject({
      awaiting: [],
      alive: [1],
      result: {
        kind: 'finished',
        placements: [
          { seat: 1, rank: 1 },
          { seat: 2, rank: 2, score: 0 },
        ],
      },
    });
  });

  it('does not come for a seat that still has a fleet', () => {
    const fleets = [{ owner: 2, from: 2, to: 1, ships: 1, launched: 0, arrives: 2 }];
    const { galaxy, events } = play(last({}, { fleets }), {
      1: { send: [{ from: 1, to: 2, ships: 50 }] },
    });
    expect(events).toHaveLength(1);
    expect(galaxy.ended).toBeNull();
    expect(rules.standing(galaxy)).toMatchObject({ awaiting: [1, 2], alive: [1, 2] });
    expect(play(galaxy).galaxy.ended).toBe('last_seat');
  });

  it('comes when a seat has held three fifths of all population for three turns', () => {
    // 200 of 600, then 360 of 600.
    const galaxy = galaxyOf([
      { id: 1, x: 0, owner: 1, population: 180, capacity: 180, ships: 30 },
      { id: 2, x: 100, owner: 1, population: 180, capacity: 180 },
      { id: 3, x: 900, owner: 2, population: 240, capacity: 240, ships: 30 },
    ]);
    const afterTwo = turns(galaxy, 2);
    expect([afterTwo.ended, afterTwo.dominance]).toEqual([null, { seat: 1, turns: 2 }]);
    const over = turns(galaxy, 3);
    expect([over.ended, over.turn]).toEqual(['domination', 3]);
    expect(rules.standing(over).result?.placements).toEqual([
      { seat: 1, rank: 1, score: 360 },
      { seat: 2, rank: 2, score: 240 },
    ]);
    const less = galaxyOf(
      galaxy.planets.map((planet) =>
        planet.id === 3 ? { ...planet, capacity: 241, population: 241 } : planet,
      ),
    );
    expect(turns(less, 5)).toMatchObject({ ended: null, dominance: null });
  });

  it('comes with the last turn, also for a dominance that was interrupted', () => {
    const before = two({ turn: 38, dominance: { seat: 1, turns: 2 } });
    expect(play(before).galaxy).toMatchObject({ ended: null, dominance: null });
    expect(turns(before, 2)).toMatchObject({ turn: 40, ended: 'turn_limit' });
  });

  it.each([
    // population, ships and planets of three seats; their ranks
    [
      [
        [50, 0, 1],
        [49, 90, 3],
        [49, 90, 2],
      ],
      [1, 2, 3],
      'finished',
    ],
    [
      [
        [50, 5, 1],
        [50, 6, 1],
        [40, 9, 1],
      ],
      [2, 1, 3],
      'finished',
    ],
    [
      [
        [50, 5, 1],
        [50, 5, 2],
        [50, 5, 1],
      ],
      [2, 1, 2],
      'finished',
    ],
    [
      [
        [50, 5, 1],
        [50, 5, 1],
        [10, 0, 1],
      ],
      [1, 1, 3],
      'draw',
    ],
  ] as const)('ranks by population, then ships, then planets: %j', (realms, ranks, kind) => {
    const planets = realms.flatMap(([population, ships, count], index) =>
      Array.from({ length: count }, (_, number) => ({
        id: 10 * index + number + 1,
        x: 400 * index,
        owner: index + 1,
        population: number === 0 ? population : 0,
        ships: number === 0 ? ships : 0,
      })),
    );
    const { result } = rules.standing(galaxyOf(planets, { ended: 'turn_limit', turn: 40 }));
    expect([result?.placements.map(({ rank }) => rank), result?.kind]).toEqual([ranks, kind]);
  });

  it('has ships on their way counted, and shown in the outcome', () => {
    const fleets = [{ owner: 2, from: 4, to: 3, ships: 1, launched: 40, arrives: 41 }];
    const galaxy = two({ fleets, ended: 'turn_limit', turn: 40 });
    expect(rules.view(galaxy, 1).outcome).toEqual({
      reason: 'turn_limit',
      ranking: [
        { seat: 1, rank: 2, population: 100, ships: 20, planets: 1 },
        { seat: 2, rank: 1, population: 100, ships: 21, planets: 1 },
      ],
    });
  });
});

describe('a view', () => {
  it('shows own planets and fleets in full, others in sight, and what was seen last', () => {
    const fleets = [
      { owner: 1, from: 1, to: 2, ships: 3, launched: 7, arrives: 8 },
      { owner: 2, from: 4, to: 1, ships: 8, launched: 0, arrives: 9 },
      { owner: 2, from: 4, to: 3, ships: 9, launched: 7, arrives: 8 },
    ];
    const known = { 3: { turn: 4, owner: null, population: 60, ships: 9 } };
    const state = two({ turn: 7, fleets });
    const players = state.players.map((player) =>
      player.seat === 1 ? { ...player, known: { ...player.known, ...known } } : player,
    );
    expect(rules.view({ ...state, players }, 1)).toEqual({
      turn: 7,
      turns: 40,
      seat: 1,
      seats: [1, 2].map((seat) => ({ seat, label: `Seat ${seat}`, alive: true })),
      planets: [
        { id: 1, x: 0, y: 0, owner: 1, population: 100, capacity: 200, ships: 20, focus: 'ships', seen: 7 },
        { id: 2, x: 101, y: 0, owner: null, population: 100, capacity: 200, ships: 9, seen: 7 },
        { id: 3, x: 899, y: 0, owner: null, population: 60, capacity: 200, ships: 9, seen: 4 },
      ],
      fleets: [
        { owner: 1, ships: 3, x: 51, y: 0, from: 1, to: 2, arrives: 8 },
        { owner: 2, ships: 8, x: 200, y: 0 },
      ],
      outcome: null,
    });
  });

  it.each([
    [250, 0, 1],
    [251, 0, 0],
    [150, 200, 1],
    [151, 200, 0],
  ])('reaches 250 far: %i and %i away', (x, y, seen) => {
    const galaxy = galaxyOf([
      { id: 1, x: 0, owner: 1 },
      { id: 2, x, y, owner: 2 },
    ]);
    expect(rules.view(galaxy, 1).planets.filter(({ id }) => id === 2)).toHaveLength(seen);
  });

  it('remembers a planet from which a fleet has gone, and how a battle there ended', () => {
    const galaxy = galaxyOf([
      { id: 1, x: 0, owner: 1, ships: 50 },
      { id: 2, x: 240, owner: 1, ships: 50 },
      { id: 3, x: 480, owner: 2, ships: 40 },
      { id: 4, x: 340, y: 100, owner: 2, ships: 90 },
    ]);
    const lost = play(galaxy, {
      1: { send: [{ from: 2, to: 3, ships: 50 }] },
      2: { send: [{ from: 4, to: 2, ships: 90 }] },
    });
    const far = turns(lost.galaxy, 2);
    // Planet 2 fell in turn 2, and the fleet of 50 was destroyed at planet 3 in turn 3.
    expect(rules.view(far, 1).planets).toMatchObject([
      { id: 1, owner: 1, seen: 3 },
      { id: 2, owner: 2, seen: 3 },
      { id: 3, owner: 2, seen: 3, ships: planetOf(far, 3)?.ships },
      { id: 4, owner: 2, seen: 2 },
    ]);
    expect(rules.view(turns(far, 3), 1).planets).toMatchObject([
      { seen: 6 },
      { seen: 6 },
      { seen: 3 },
      { seen: 2 },
    ]);
  });

  it('shows spectators what every seat knows, and nothing of the galaxy', () => {
    const galaxy = two({ fleets: [{ owner: 1, from: 1, to: 2, ships: 3, launched: 0, arrives: 1 }] });
    expect(rules.view(galaxy, 'spectator')).toEqual({
      turn: 0,
      turns: 40,
      seat: null,
      seats: [1, 2].map((seat) => ({ seat, label: `Seat ${seat}`, alive: true })),
      planets: [],
      fleets: [],
      outcome: null,
    });
  });
});

it('more battles than can be told one by one are summed up, within what the kit allows', () => {
  // Seat 1 loses its last 40 planets at once, 20 of them to seat 2 and 20 to seat 3.
  const targets = Array.from({ length: 40 }, (_, index) => ({
    id: index + 1,
    x: 10 * index,
    owner: 1,
    population: 0,
    ships: 1,
  }));
  const bases = [2, 3].map((owner) => ({ id: 39 + owner, x: 200, y: 50, owner, ships: 900 }));
  const galaxy = galaxyOf([...targets, ...bases]);
  const sendTo = (from: number, first: number): Orders => ({
    send: targets.slice(first, first + 20).map(({ id }) => ({ from, to: id, ships: 9 })),
  });
  const { events } = turnsOf(galaxy, { 2: sendTo(41, 0), 3: sendTo(42, 20) });
  const to = (seat: number) => events.filter((event) => event.to.includes(seat));
  expect([1, 2, 3].map((seat) => to(seat).length)).toEqual([20, 20, 20]);
  const more = to(1).find(({ type }) => type === 'game.more_battles')?.payload.planets;
  expect(more).toHaveLength(22);
  const told = to(1).flatMap(({ type, payload }) => (type === 'game.conquest' ? [payload.planet] : []));
  expect(new Set([...told, ...(more as number[])]).size).toBe(40);
  expect(to(1).at(-1)).toMatchObject({ type: 'game.eliminated', payload: { seats: [1] } });

  function turnsOf(before: Galaxy, orders: Record<number, Orders>) {
    const arriving = before.planets.flatMap(({ id, owner, ships }) =>
      Object.entries(orders).flatMap(([seat, { send = [] }]) =>
        send
          .filter((one) => one.to === id && owner === 1 && ships === 1)
          .map((one) => ({
            owner: Number(seat),
            from: one.from,
            to: id,
            ships: one.ships,
            launched: 0,
            arrives: 1,
          })),
      ),
    );
    return play({ ...before, fleets: arriving });
  }
});

describe('a bot', () => {
  it('takes neutral planets, and fights other seats', () => {
    const galaxy = playedByBots(5, [1, 2]);
    expect(galaxy.planets.filter(({ owner }) => owner !== null).length).toBeGreaterThan(6);
    expect(galaxy.turn).toBeGreaterThan(10);
  });

  it('beats a seat that does nothing', () => {
    for (let number = 0; number < 10; number++) {
      let galaxy = newGame(number, [1, 2]);
      while (galaxy.ended === null) galaxy = play(galaxy, { 1: ordersFor(rules.view(galaxy, 1)) }).galaxy;
      expect(rules.standing(galaxy).result?.placements[0]?.rank).toBe(1);
    }
  });
});
