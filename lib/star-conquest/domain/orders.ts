// What a seat may order. All of it depends on what is the seat's own and known to it, so that orders that are valid when
// they are given stay valid, whatever the others do.
import type { OrderProblem } from '../../engine-kit/rules.ts';
import type { Focus, Galaxy } from './galaxy.ts';

export type Send = { readonly from: number; readonly to: number; readonly ships: number };
export type FocusOrder = { readonly planet: number; readonly focus: Focus };
export type Orders = { readonly send?: readonly Send[]; readonly focus?: readonly FocusOrder[] };

/** So many fleets a seat may have on their way, so that views stay within their bounds. */
export const maxFleets = 200;

const number = { type: 'integer', minimum: 1 };

export const ordersSchema = {
  type: 'object',
  properties: {
    send: {
      description: 'Ships that leave a planet of yours for another planet.',
      type: 'array',
      items: {
        type: 'object',
        properties: { from: number, to: number, ships: number },
        required: ['from', 'to', 'ships'],
        additionalProperties: false,
      },
    },
    focus: {
      description: 'What planets of yours do from now on: build ships, or grow at twice the rate.',
      type: 'array',
      items: {
        type: 'object',
        properties: { planet: number, focus: { enum: ['ships', 'growth'] } },
        required: ['planet', 'focus'],
        additionalProperties: false,
      },
    },
  },
  additionalProperties: false,
};

export function problemsWith(galaxy: Galaxy, seat: number, orders: Orders): OrderProblem[] {
  const { send = [], focus = [] } = orders;
  return [...sendProblems(galaxy, seat, send), ...focusProblems(galaxy, seat, focus)];
}

function sendProblems(galaxy: Galaxy, seat: number, sends: readonly Send[]): OrderProblem[] {
  const problems: OrderProblem[] = [];
  const known = galaxy.players.find((player) => player.seat === seat)?.known ?? {};
  const own = ownPlanets(galaxy, seat);
  const sent = new Map<number, number>();
  for (const [index, { from, to, ships }] of sends.entries()) {
    const problem = (field: string, message: string) =>
      problems.push({ path: `/send/${index}/${field}`, message });
    const planet = own.get(from);
    // A planet that the seat has not seen must not differ from one that there is not.
    if (known[to] === undefined) problem('to', `You know no planet ${to}.`);
    if (to === from) problem('to', `The ships are at planet ${to} already.`);
    if (planet === undefined) {
      problem('from', `Planet ${from} is not yours.`);
      continue;
    }
    const all = (sent.get(from) ?? 0) + ships;
    sent.set(from, all);
    if (all > planet.ships) {
      problem('ships', `Planet ${from} has ${planet.ships} ships, and these orders send ${all}.`);
    }
  }
  const flying = galaxy.fleets.filter(({ owner }) => owner === seat).length;
  if (flying + fleetsOf(sends).length > maxFleets) {
    const message = `At most ${maxFleets} fleets can be on their way, and ${flying} are already.`;
    problems.push({ path: '/send', message });
  }
  return problems;
}

function focusProblems(galaxy: Galaxy, seat: number, orders: readonly FocusOrder[]): OrderProblem[] {
  const own = ownPlanets(galaxy, seat);
  return orders.flatMap(({ planet }, index) => {
    const path = `/focus/${index}/planet`;
    if (!own.has(planet)) return [{ path, message: `Planet ${planet} is not yours.` }];
    const first = orders.findIndex((order) => order.planet === planet);
    return first < index ? [{ path, message: `Planet ${planet} has a focus in these orders already.` }] : [];
  });
}

/** Ships that leave the same planet for the same planet are one fleet. */
export function fleetsOf(sends: readonly Send[]): Send[] {
  const fleets = new Map<string, Send>();
  for (const { from, to, ships } of sends) {
    const key = `${from} ${to}`;
    fleets.set(key, { from, to, ships: ships + (fleets.get(key)?.ships ?? 0) });
  }
  return [...fleets.values()];
}

function ownPlanets({ planets }: Galaxy, seat: number) {
  return new Map(planets.filter(({ owner }) => owner === seat).map((planet) => [planet.id, planet]));
}
