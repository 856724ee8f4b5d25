// The orders of a turn while the player makes them.
import type { Focus } from '../domain/galaxy.ts';
import { travelTurns } from '../domain/geometry.ts';
import type { FocusOrder, Orders, Send } from '../domain/orders.ts';
import type { PlanetView, View } from '../domain/view.ts';

export type Plan = { readonly send: readonly Send[]; readonly focus: readonly FocusOrder[] };

export function planOf(orders: Orders | undefined): Plan {
  return { send: orders?.send ?? [], focus: orders?.focus ?? [] };
}

export function planetWith(view: View, id: number | null): PlanetView | undefined {
  return view.planets.find((planet) => planet.id === id);
}

/** Ships that the plan leaves at the planet, besides those that it sends to `to`. */
export function shipsToSend(plan: Plan, { id, ships }: PlanetView, to: number): number {
  const elsewhere = plan.send.filter((send) => send.from === id && send.to !== to);
  return ships - elsewhere.reduce((sum, send) => sum + send.ships, 0);
}

export function plannedShips(plan: Plan, from: number, to: number): number {
  return plan.send
    .filter((send) => send.from === from && send.to === to)
    .reduce((sum, send) => sum + send.ships, 0);
}

/** @param order takes the place of what was planned between its planets; no ships take it out. */
export function withSend(plan: Plan, order: Send): Plan {
  const others = plan.send.filter(({ from, to }) => from !== order.from || to !== order.to);
  return { ...plan, send: order.ships === 0 ? others : [...others, order] };
}

export function focusOf(plan: Plan, planet: PlanetView): Focus | undefined {
  return plan.focus.find((order) => order.planet === planet.id)?.focus ?? planet.focus;
}

export function withFocus(plan: Plan, planet: PlanetView, focus: Focus): Plan {
  const others = plan.focus.filter((order) => order.planet !== planet.id);
  return { ...plan, focus: focus === planet.focus ? others : [...others, { planet: planet.id, focus }] };
}

export type Voyage = {
  /** How many turns the way takes, the next one included. */
  readonly turns: number;
  /** The turn in which ships that leave next are there. */
  readonly arrives: number;
  /** Ships that take the planet as it was seen last; undefined for one's own. */
  readonly needed: number | undefined;
};

export function voyage(view: View, from: PlanetView, to: PlanetView): Voyage {
  const turns = travelTurns(from, to);
  const needed = to.owner === view.seat ? undefined : Math.floor((6 * to.ships) / 5) + 1;
  return { turns, arrives: view.turn + turns, needed };
}

/** The nearest planet in the direction of an arrow key: what is straight ahead counts as nearer. */
export function neighbour(view: View, from: PlanetView, key: string): PlanetView | undefined {
  const [x, y] = directions[key] ?? [0, 0];
  const [nearest] = view.planets
    .map((planet) => {
      const ahead = (planet.x - from.x) * x + (planet.y - from.y) * y;
      const aside = Math.abs((planet.x - from.x) * y) + Math.abs((planet.y - from.y) * x);
      return { planet, ahead, far: ahead + 2 * aside };
    })
    .filter(({ ahead, far }) => ahead > 0 && far < 3 * ahead + 2)
    .toSorted((a, b) => a.far - b.far);
  return nearest?.planet;
}

const directions: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export function isArrow(key: string): boolean {
  return Object.hasOwn(directions, key);
}
