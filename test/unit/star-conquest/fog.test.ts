import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fleet, Galaxy, Planet } from '../../../lib/star-conquest/domain/galaxy.ts';
import { type Point, positionOf } from '../../../lib/star-conquest/domain/geometry.ts';
import type { Orders } from '../../../lib/star-conquest/domain/orders.ts';
import { rules } from '../../../lib/star-conquest/rules.ts';
import { newGame, next, ordersOfAll } from '../../support/engines/star-conquest.ts';

const seats = [1, 2, 3, 4];
const turns = 24;

/** Games of bots, turn by turn. */
const histories = Array.from({ length: 12 }, (_, number) => {
  const galaxies = [newGame(number, seats)];
  for (let turn = 1; turn <= turns; turn++) {
    const before = galaxies.at(-1);
    if (before !== undefined) galaxies.push(next(before, ordersOfAll(before, number)).galaxy);
  }
  return galaxies;
});
const anyGalaxy = fc.constantFrom(...histories.flat());
const anySeat = fc.constantFrom(...seats);

/** Of its own, and not with the code that is tested: everything that the seat has, and everything within 250 of that. */
function inSightOf({ planets, fleets, turn }: Galaxy, seat: number) {
  const placed = fleets.map((fleet) => ({ ...fleet, ...positionOf(fleet, planets, turn) }));
  const own = [...planets, ...placed].filter(({ owner }) => owner === seat);
  const near = (point: Point) => own.some(({ x, y }) => Math.hypot(point.x - x, point.y - y) <= 250);
  return { isNear: near, planets: planets.filter(near), fleets: placed.filter(near) };
}

const isHidden = (galaxy: Galaxy, seat: number) => {
  const { isNear } = inSightOf(galaxy, seat);
  return (fleet: Fleet) => !isNear(positionOf(fleet, galaxy.planets, galaxy.turn));
};

const living = (galaxy: Galaxy) => rules.standing(galaxy).alive;
const text = (value: unknown) => JSON.stringify(value);

/** The same galaxy for this seat, and another one for the others. @param dice from 0 to below 1. */
function elsewhere(galaxy: Galaxy, seat: number, dice: () => number): Galaxy {
  const others = seats.filter((one) => one !== seat);
  const number = (limit: number) => Math.floor(dice() * limit);
  const { planets: seen, fleets: _fleets, isNear } = inSightOf(galaxy, seat);
  const planets = galaxy.planets.map((planet): Planet => {
    const focus = number(2) === 0 ? 'ships' : 'growth';
    if (planet.owner === seat) return planet;
    if (seen.includes(planet)) return { ...planet, focus };
    const owner = [null, planet.owner, ...others][number(others.length + 2)] ?? null;
    return { ...planet, focus, owner, population: number(planet.capacity), ships: number(200) };
  });
  const hidden = isHidden(galaxy, seat);
  const anyFleet = (): Fleet => ({
    owner: others[number(others.length)] ?? 0,
    from: number(planets.length) + 1,
    to: number(planets.length) + 1,
    ships: 1 + number(50),
    launched: galaxy.turn - number(3),
    arrives: galaxy.turn + 1 + number(3),
  });
  const fleets = [
    ...galaxy.fleets.filter((fleet) => !hidden(fleet)),
    ...Array.from({ length: number(12) }, anyFleet).filter(
      (fleet) => !isNear(positionOf(fleet, planets, galaxy.turn)),
    ),
  ].toSorted((a, b) => a.ships - b.ships);
  const players = galaxy.players.map((player) =>
    player.seat === seat ? player : { ...player, shipsBuilt: number(500), known: {} },
  );
  const dominance = { seat: others[number(others.length)] ?? 0, turns: number(3) };
  return { ...galaxy, planets, fleets, players, dominance };
}

const anyDice = fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }));
const rolling = (stream: Iterator<number>) => () => stream.next().value as number;

describe('what a seat does not know', () => {
  it('changes nothing of its view, of that of spectators, and of what is wrong with its orders', () => {
    let compared = 0;
    fc.assert(
      fc.property(anyGalaxy, anySeat, anyDice, (galaxy, seat, stream) => {
        const other = elsewhere(galaxy, seat, rolling(stream));
        fc.pre(text(living(other)) === text(living(galaxy)));
        compared += 1;
        expect(text(rules.view(other, seat))).toBe(text(rules.view(galaxy, seat)));
        expect(text(rules.view(other, 'spectator'))).toBe(text(rules.view(galaxy, 'spectator')));
        const ids = galaxy.planets.map(({ id }) => id);
        const orders: Orders = {
          send: ids.flatMap((from) => ids.map((to) => ({ from, to, ships: 1 }))),
          focus: ids.map((planet) => ({ planet, focus: 'growth' })),
        };
        expect(rules.validate(other, { seat, orders })).toEqual(rules.validate(galaxy, { seat, orders }));
      }),
      { numRuns: 300 },
    );
    expect(compared).toBeGreaterThan(150);
  });

  it('stays hidden over several turns, whatever another seat orders, as long as none of it comes into sight', () => {
    let compared = 0;
    const luck = fc.nat({ max: 1_000 });
    fc.assert(
      fc.property(anyGalaxy, anySeat, anySeat, luck, luck, (start, seat, other, one, two) => {
        fc.pre(seat !== other);
        let left = start;
        let right = start;
        for (let step = 0; step < 3 && left.ended === null && right.ended === null; step++) {
          const own = ordersOfAll(left, one).get(seat);
          const turn = (galaxy: Galaxy, luckOfOther: number) =>
            next(
              galaxy,
              new Map(
                [[seat, own] as const, [other, ordersOfAll(galaxy, luckOfOther).get(other)] as const].flatMap(
                  ([who, given]) => (given === undefined ? [] : [[who, given]]),
                ),
              ),
            );
          const [after, otherwise] = [turn(left, one), turn(right, two)];
          [left, right] = [after.galaxy, otherwise.galaxy];
          if (text(knownTo(seat, after)) !== text(knownTo(seat, otherwise))) return;
          if (text(left) !== text(right)) compared += 1;
          expect(text(rules.view(right, seat))).toBe(text(rules.view(left, seat)));
        }
      }),
      { numRuns: 300 },
    );
    expect(compared).toBeGreaterThan(150);
  });
});

/** All that a seat may learn from a turn: what is in its sight, the battles that it fought, and who is out of the game. */
function knownTo(seat: number, { galaxy, events }: ReturnType<typeof next>) {
  const { planets, fleets } = inSightOf(galaxy, seat);
  return [
    planets.map(({ focus, ...planet }) => (planet.owner === seat ? { focus, ...planet } : planet)),
    fleets
      .map((fleet) => {
        const { owner, ships, x, y } = fleet;
        return text(owner === seat ? fleet : { owner, ships, x, y });
      })
      .toSorted(),
    events.filter(({ to }) => to.includes(seat)),
    living(galaxy),
    galaxy.ended,
  ];
}

describe('the view', () => {
  it('is all that is in sight, and of the other planets what was last in sight', () => {
    for (const history of histories) {
      for (const seat of seats) {
        const lastSeen = new Map<number, number>();
        for (const galaxy of history) {
          const { planets, fleets } = inSightOf(galaxy, seat);
          for (const { id } of planets) lastSeen.set(id, galaxy.turn);
          const view = rules.view(galaxy, seat);
          for (const { id, seen, owner, ships, population } of view.planets) {
            const then = history[seen]?.planets.find((planet) => planet.id === id);
            expect({ owner, ships, population }).toEqual({
              owner: then?.owner,
              ships: then?.ships,
              population: then?.population,
            });
            // Battles show planets, too.
            expect(seen).toBeGreaterThanOrEqual(lastSeen.get(id) ?? 0);
          }
          expect(view.planets.filter(({ seen }) => seen === galaxy.turn).length).toBeGreaterThanOrEqual(
            planets.length,
          );
          expect(view.fleets).toHaveLength(fleets.length);
          expect(view.planets.every(({ focus, owner }) => (focus === undefined) === (owner !== seat))).toBe(
            true,
          );
          expect(view.fleets.every(({ to, owner }) => (to === undefined) === (owner !== seat))).toBe(true);
        }
      }
    }
  });
});

it('battles are told to those who fought in them, and to nobody else', () => {
  let battles = 0;
  for (const [number, history] of histories.entries()) {
    for (const galaxy of history.slice(0, -1)) {
      for (const { to, type, payload } of next(galaxy, ordersOfAll(galaxy, number)).events) {
        if (type === 'game.eliminated') continue;
        const { attackers, defender } = payload as {
          attackers: { seat: number }[];
          defender: { seat: number | null };
        };
        const fought = new Set([...attackers.map(({ seat }) => seat), defender.seat ?? to[0]]);
        expect(new Set(to)).toEqual(fought);
        battles += 1;
      }
    }
  }
  expect(battles).toBeGreaterThan(100);
});
