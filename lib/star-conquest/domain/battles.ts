// Who holds a planet after ships of several seats have met there. No order of seats matters.
import type { Planet } from './galaxy.ts';
import { integerRoot } from './integer-root.ts';
import type { Arrival, Force } from './movement.ts';

export type Battle = {
  readonly planet: number;
  /** The strongest first, with what is left of each. */
  readonly attackers: readonly (Force & { readonly left: number })[];
  readonly defender: { readonly seat: number | null; readonly ships: number; readonly left: number };
  /** Who holds the planet now. */
  readonly owner: number | null;
};

/** @returns the planet afterwards, and the battle if there was one. */
export function land(planet: Planet, { forces }: Arrival): { planet: Planet; battle?: Battle } {
  const joined = forces.find(({ seat }) => seat === planet.owner)?.ships ?? 0;
  const defended = { ...planet, ships: planet.ships + joined };
  const attackers = forces
    .filter(({ seat }) => seat !== planet.owner)
    .toSorted((a, b) => b.ships - a.ships || a.seat - b.seat);
  if (attackers.length === 0) return { planet: defended };

  const winner = strongest(attackers);
  const fought = winner === undefined ? defended : attacked(defended, winner);
  const holds = winner !== undefined && fought.owner === winner.seat;
  return {
    planet: fought,
    battle: {
      planet: planet.id,
      attackers: attackers.map(({ seat, ships }) => {
        return { seat, ships, left: holds && seat === winner.seat ? fought.ships : 0 };
      }),
      defender: { seat: planet.owner, ships: defended.ships, left: holds ? 0 : fought.ships },
      owner: fought.owner,
    },
  };
}

/**
 * What is left when newcomers fight each other, from the strongest down. Newcomers of equal strength destroy each other
 * first, all of them: otherwise it would matter which of them comes first.
 */
function strongest(attackers: readonly Force[]): Force | undefined {
  const byStrength = [...Map.groupBy(attackers, ({ ships }) => ships).values()];
  const unequal = byStrength.flatMap(([force, ...equals]) =>
    force === undefined || equals.length > 0 ? [] : [force],
  );
  let standing: Force | undefined;
  for (const next of unequal) standing = standing === undefined ? next : duel(standing, next);
  return standing;
}

/** @returns undefined when both are destroyed. */
function duel(a: Force, b: Force): Force | undefined {
  if (a.ships === b.ships) return undefined;
  const [winner, loser] = a.ships > b.ships ? [a, b] : [b, a];
  return { seat: winner.seat, ships: root(square(winner.ships) - square(loser.ships)) };
}

/** Ships of the planet count 6/5. A conquered planet keeps half of its population. */
function attacked(planet: Planet, attacker: Force): Planet {
  const attack = 25n * square(attacker.ships);
  const defence = 36n * square(planet.ships);
  if (attack <= defence) return { ...planet, ships: root((defence - attack) / 36n) };
  return {
    ...planet,
    owner: attacker.seat,
    population: Math.floor(planet.population / 2),
    focus: 'ships',
    ships: root((attack - defence) / 25n),
  };
}

const square = (ships: number) => BigInt(ships) ** 2n;
const root = (value: bigint) => Number(integerRoot(value));
