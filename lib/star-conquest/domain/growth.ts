// What planets do in a turn by themselves. Neutral planets do nothing.
import { type Galaxy, type Planet, sum } from './galaxy.ts';

/** @returns planets after production and growth, and players with what they have built. */
export function grow({ planets, players }: Galaxy): Pick<Galaxy, 'planets' | 'players'> {
  return {
    planets: planets.map(grown),
    players: players.map((player) => {
      const own = planets.filter(({ owner }) => owner === player.seat);
      return { ...player, shipsBuilt: player.shipsBuilt + sum(own.map(production)) };
    }),
  };
}

/** New ships per turn. */
export function production({ focus, population }: Pick<Planet, 'focus' | 'population'>): number {
  return focus === 'ships' ? Math.floor(population / 20) : 0;
}

function grown(planet: Planet): Planet {
  if (planet.owner === null) return planet;
  const tenth = Math.max(1, Math.floor(planet.population / 10));
  const growth = planet.focus === 'growth' ? 2 * tenth : tenth;
  return {
    ...planet,
    population: Math.min(planet.capacity, planet.population + growth),
    ships: planet.ships + production(planet),
  };
}
