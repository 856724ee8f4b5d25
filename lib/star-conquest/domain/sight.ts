// What a seat sees, and what it remembers of planets.
import type { Battle } from './battles.ts';
import type { Fleet, Galaxy, Planet, Player, Sighting } from './galaxy.ts';
import { isInSight, type Point, positionOf } from './geometry.ts';

/** A fleet, and where it is. */
export type FleetInSight = Point & { readonly fleet: Fleet };

/** In sight of the seat's own planets and fleets, these included. */
export function planetsInSight(galaxy: Galaxy, seat: number): Planet[] {
  const eyes = eyesOf(galaxy, seat);
  return galaxy.planets.filter((planet) => eyes.some((eye) => isInSight(eye, planet)));
}

/** As `planetsInSight`. */
export function fleetsInSight(galaxy: Galaxy, seat: number): FleetInSight[] {
  const eyes = eyesOf(galaxy, seat);
  return placed(galaxy, galaxy.fleets).filter((fleet) => eyes.some((eye) => isInSight(eye, fleet)));
}

function eyesOf(galaxy: Galaxy, seat: number): Point[] {
  const isOwn = ({ owner }: { owner: number | null }) => owner === seat;
  return [...galaxy.planets.filter(isOwn), ...placed(galaxy, galaxy.fleets.filter(isOwn))];
}

function placed({ planets, turn }: Galaxy, fleets: readonly Fleet[]): FleetInSight[] {
  return fleets.map((fleet) => ({ ...positionOf(fleet, planets, turn), fleet }));
}

/** @returns the players with what they see after the turn. Who took part in a battle knows the planet as that left it. */
export function remember(galaxy: Galaxy, battles: readonly Battle[]): Player[] {
  return galaxy.players.map((player) => {
    const { seat } = player;
    const fought = battles.filter((battle) => tookPart(battle, seat)).map(({ planet }) => planet);
    const seen = new Set([...planetsInSight(galaxy, seat).map(({ id }) => id), ...fought]);
    const sightings = galaxy.planets.flatMap(({ id, owner, population, ships }): [number, Sighting][] =>
      seen.has(id) ? [[id, { turn: galaxy.turn, owner, population, ships }]] : [],
    );
    return { ...player, known: { ...player.known, ...Object.fromEntries(sightings) } };
  });
}

export function tookPart({ attackers, defender }: Battle, seat: number): boolean {
  return defender.seat === seat || attackers.some((attacker) => attacker.seat === seat);
}
