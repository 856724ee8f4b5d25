// The numbers of seats are names and nothing more.
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../lib/engine-kit/random.ts';
import { botOrders } from '../../../lib/star-conquest/domain/bot.ts';
import type { Galaxy } from '../../../lib/star-conquest/domain/galaxy.ts';
import type { Orders } from '../../../lib/star-conquest/domain/orders.ts';
import { rules } from '../../../lib/star-conquest/rules.ts';
import { newGame, next, seedOf } from '../../support/engines/star-conquest.ts';

type Names = Readonly<Record<number, number>>;

/** The same galaxy with other numbers of seats. */
function renumbered(galaxy: Galaxy, names: Names): Galaxy {
  const name = <T extends number | null>(seat: T) => (seat === null ? seat : names[seat]) as T;
  return {
    ...galaxy,
    planets: galaxy.planets.map((planet) => ({ ...planet, owner: name(planet.owner) })),
    fleets: galaxy.fleets.map((fleet) => ({ ...fleet, owner: name(fleet.owner) })),
    players: galaxy.players
      .map((player) => {
        const known = Object.entries(player.known).map(([id, sighting]) => {
          return [id, { ...sighting, owner: name(sighting.owner) }];
        });
        return { ...player, seat: name(player.seat), known: Object.fromEntries(known) };
      })
      .toSorted((a, b) => a.seat - b.seat),
    dominance: galaxy.dominance && { ...galaxy.dominance, seat: name(galaxy.dominance.seat) },
  };
}

/** Without the order of fleets, which nobody sees. */
const canonical = (galaxy: Galaxy) => ({
  ...galaxy,
  fleets: galaxy.fleets.map((fleet) => JSON.stringify(fleet)).toSorted(),
});

describe.each<[string, Names]>([
  ['turned', { 1: 2, 2: 3, 3: 4, 4: 1 }],
  ['reversed', { 1: 4, 2: 3, 3: 2, 4: 1 }],
  ['spread', { 1: 700, 2: 3, 3: 1_100, 4: 12 }],
])('a game whose seats are %s', (_, names) => {
  it('is the same game: the same orders of its bots, the same galaxy, the same ranks', () => {
    for (let number = 0; number < 8; number++) {
      let galaxy = newGame(number, [1, 2, 3, 4], { turns: 25 });
      let other = renumbered(galaxy, names);
      while (galaxy.ended === null) {
        const given = new Map<number, Orders>();
        const givenOther = new Map<number, Orders>();
        for (const seat of rules.standing(galaxy).awaiting) {
          const name = names[seat] ?? 0;
          const luck = () => seededRandom(seedOf(number), `seat ${seat} turn ${galaxy.turn}`);
          given.set(seat, botOrders(rules.view(galaxy, seat), luck()));
          givenOther.set(name, botOrders(rules.view(other, name), luck()));
          expect(givenOther.get(name)).toEqual(given.get(seat));
        }
        galaxy = next(galaxy, given).galaxy;
        other = next(other, givenOther).galaxy;
        expect(canonical(other)).toEqual(canonical(renumbered(galaxy, names)));
      }
      const ranksOf = (over: Galaxy) =>
        new Map(rules.standing(over).result?.placements.map(({ seat, rank }) => [seat, rank]));
      const ranks = ranksOf(other);
      for (const [seat, rank] of ranksOf(galaxy)) expect(ranks.get(names[seat] ?? 0)).toBe(rank);
    }
  });
});
