// Orders take effect, and fleets move.
import { type Fleet, type Galaxy, planetWith, sum } from './galaxy.ts';
import { travelTurns } from './geometry.ts';
import { fleetsOf, type Orders } from './orders.ts';

/** Fleets leave, and planets change their focus. @param orders valid ones, by seat. */
export function launch(
  { planets, fleets }: Galaxy,
  orders: ReadonlyMap<number, Orders>,
  turn: number,
): Pick<Galaxy, 'planets' | 'fleets'> {
  const launched = [...orders].flatMap(([owner, { send = [] }]) =>
    fleetsOf(send).map(({ from, to, ships }): Fleet => {
      const travel = travelTurns(planetWith(planets, from), planetWith(planets, to));
      return { owner, from, to, ships, launched: turn, arrives: turn + travel - 1 };
    }),
  );
  const focuses = new Map(
    [...orders.values()].flatMap(({ focus = [] }) => focus.map((order) => [order.planet, order.focus])),
  );
  return {
    planets: planets.map((planet) => ({
      ...planet,
      focus: focuses.get(planet.id) ?? planet.focus,
      ships: planet.ships - shipsOf(launched.filter(({ from }) => from === planet.id)),
    })),
    fleets: [...fleets, ...launched],
  };
}

/** What arrives at one planet. */
export type Arrival = {
  readonly planet: number;
  /** Ships by seat; those of one seat are one force. */
  readonly forces: readonly Force[];
};
export type Force = { readonly seat: number; readonly ships: number };

/** @returns the fleets that are still on their way after this turn, and what has arrived. */
export function arrive(fleets: readonly Fleet[], turn: number): { fleets: Fleet[]; arrivals: Arrival[] } {
  const landing = Map.groupBy(
    fleets.filter(({ arrives }) => arrives === turn),
    ({ to }) => to,
  );
  const arrivals = [...landing].map(([planet, landed]) => ({
    planet,
    forces: [...Map.groupBy(landed, ({ owner }) => owner)].map(([seat, own]) => ({
      seat,
      ships: shipsOf(own),
    })),
  }));
  return { fleets: fleets.filter(({ arrives }) => arrives > turn), arrivals };
}

export const shipsOf = (forces: readonly { readonly ships: number }[]) =>
  sum(forces.map(({ ships }) => ships));
