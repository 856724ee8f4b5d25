// The galaxy before the first turn.
import type { Random, Seat } from '../../engine-kit/rules.ts';
import type { Galaxy, Planet } from './galaxy.ts';
import { makeMap } from './map.ts';
import { remember } from './sight.ts';

export type Options = { readonly bots?: number; readonly neutral_planets?: number; readonly turns?: number };

const defaults = { neutralPlanets: 4, turns: 40 };

export const optionsSchema = {
  type: 'object',
  properties: {
    bots: { description: 'Seats that the engine plays.', type: 'integer', minimum: 0, maximum: 7 },
    neutral_planets: {
      description: 'Neutral planets per seat.',
      type: 'integer',
      minimum: 3,
      maximum: 5,
      default: defaults.neutralPlanets,
    },
    turns: {
      description: 'The game ends with this turn at the latest.',
      type: 'integer',
      minimum: 10,
      maximum: 100,
      default: defaults.turns,
    },
  },
  additionalProperties: false,
};

export function newGalaxy(seats: readonly Seat[], options: Options, random: Random): Galaxy {
  const sectors = makeMap(seats.length, options.neutral_planets ?? defaults.neutralPlanets, random);
  // Neither the order in which players joined says who is whose neighbour, nor an id to whom a planet is near.
  const owners = random.shuffled(seats.map(({ seat }) => seat));
  const sites = sectors.flatMap((sector, index) =>
    sector.map(({ isHome, ...site }) => ({ ...site, owner: isHome ? (owners[index] ?? null) : null })),
  );
  const planets = random
    .shuffled(sites)
    .map((site, index): Planet => ({ id: index + 1, ...site, focus: 'ships' }));
  const galaxy: Galaxy = {
    turn: 0,
    turns: options.turns ?? defaults.turns,
    players: seats.map(({ seat, label }) => ({ seat, label, shipsBuilt: 0, known: {} })),
    planets,
    fleets: [],
    dominance: null,
    ended: null,
  };
  return { ...galaxy, players: remember(galaxy, []) };
}
