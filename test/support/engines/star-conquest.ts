// Games of star conquest for tests: by the rules alone, without a process.
import { seededRandom } from '../../../lib/engine-kit/random.ts';
import { botOrders } from '../../../lib/star-conquest/domain/bot.ts';
import type { Galaxy, Planet } from '../../../lib/star-conquest/domain/galaxy.ts';
import type { Orders } from '../../../lib/star-conquest/domain/orders.ts';
import { remember } from '../../../lib/star-conquest/domain/sight.ts';
import type { View } from '../../../lib/star-conquest/domain/view.ts';
import { rules } from '../../../lib/star-conquest/rules.ts';

export const seedOf = (number: number): string => number.toString(16).padStart(64, '0');

/** A game as it begins. */
export function newGame(number: number, seats: readonly number[], options: object = {}): Galaxy {
  return rules.setUp({
    seats: seats.map((seat) => ({ seat, label: `Seat ${seat}`, bot: true })),
    options,
    random: seededRandom(seedOf(number), 'set-up'),
  });
}

/** Good orders for what this view shows, such as a player's client might give. */
export function ordersFor(view: View): Orders {
  return botOrders(view, seededRandom(seedOf(view.seat ?? 0), `turn ${view.turn}`));
}

/** What the bots of all seats that are alive order, each with luck of its own. @param luck another one for other luck. */
export function ordersOfAll(galaxy: Galaxy, luck: number): Map<number, Orders> {
  const { awaiting } = rules.standing(galaxy);
  return new Map(
    awaiting.map((seat) => {
      const random = seededRandom(seedOf(luck), `seat ${seat} turn ${galaxy.turn + 1}`);
      return [seat, botOrders(rules.view(galaxy, seat), random)];
    }),
  );
}

/** The next turn. @param vacant seats that nobody holds. */
export function next(galaxy: Galaxy, orders: ReadonlyMap<number, Orders>, vacant: readonly number[] = []) {
  const { awaiting } = rules.standing(galaxy);
  const rows = awaiting.map((seat) => {
    const given = orders.get(seat);
    return [
      seat,
      given === undefined ? { state: 'missing' as const } : { state: 'ready' as const, orders: given },
    ] as const;
  });
  const { state, events = [] } = rules.resolve(galaxy, {
    turn: galaxy.turn + 1,
    orders: new Map(rows),
    vacant: new Set(vacant),
    random: seededRandom(seedOf(0), 'nothing'),
  });
  return { galaxy: state, events };
}

/** A whole game of bots. */
export function playedByBots(number: number, seats: readonly number[], options: object = {}): Galaxy {
  let galaxy = newGame(number, seats, options);
  while (galaxy.ended === null) galaxy = next(galaxy, ordersOfAll(galaxy, number)).galaxy;
  return galaxy;
}

/** A galaxy made by hand, after turn 0, with the seats that own its planets. */
export function galaxyOf(
  planets: readonly (Pick<Planet, 'id' | 'x'> & Partial<Planet>)[],
  more: Partial<Galaxy> = {},
): Galaxy {
  const whole = planets.map((planet): Planet => {
    return { y: 0, capacity: 200, owner: null, population: 100, focus: 'ships', ships: 0, ...planet };
  });
  const seats = [...new Set(whole.flatMap(({ owner }) => owner ?? []))].toSorted((a, b) => a - b);
  const galaxy: Galaxy = {
    turn: 0,
    turns: 40,
    players: seats.map((seat) => ({ seat, label: `Seat ${seat}`, shipsBuilt: 0, known: {} })),
    planets: whole,
    fleets: [],
    dominance: null,
    ended: null,
    ...more,
  };
  return { ...galaxy, players: remember(galaxy, []) };
}
