// One turn: launches, production and growth, movement, arrivals, battles.
import { type Battle, land } from './battles.ts';
import { type Galaxy, isAlive } from './galaxy.ts';
import { grow } from './growth.ts';
import { arrive, launch } from './movement.ts';
import type { Orders } from './orders.ts';
import { dominanceOf, endOf } from './ranking.ts';
import { remember } from './sight.ts';

export type PlayedTurn = {
  readonly galaxy: Galaxy;
  readonly battles: readonly Battle[];
  /** Seats that were in the game before this turn. */
  readonly eliminated: readonly number[];
};

/** @param orders valid ones, by seat; a seat without any keeps its focuses and its ships. */
export function playTurn(before: Galaxy, orders: ReadonlyMap<number, Orders>): PlayedTurn {
  const turn = before.turn + 1;
  const launched = launch(before, orders, turn);
  const { planets: grown, players } = grow({ ...before, ...launched });
  const { fleets, arrivals } = arrive(launched.fleets, turn);
  const landed = grown.map((planet) => {
    const arrival = arrivals.find((one) => one.planet === planet.id);
    return arrival === undefined ? { planet } : land(planet, arrival);
  });
  const planets = landed.map(({ planet }) => planet);
  const battles = landed.flatMap(({ battle }) => battle ?? []);
  const dominance = dominanceOf({ planets, players }, before.dominance);
  const after = { ...before, turn, planets, fleets, players, dominance };
  const galaxy = { ...after, players: remember(after, battles), ended: endOf(after) };
  const eliminated = before.players
    .map(({ seat }) => seat)
    .filter((seat) => isAlive(before, seat) && !isAlive(galaxy, seat));
  return { galaxy, battles, eliminated };
}
