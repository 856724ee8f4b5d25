// When the game is over, and who is where then.
import type { GameResult } from '../../engine-kit/rules.ts';
import { type EndReason, type Galaxy, isAlive, sum } from './galaxy.ts';
import { shipsOf } from './movement.ts';

/** Turns in a row in which a seat must hold three fifths of all population. */
const dominantTurns = 3;

export type Realm = {
  readonly seat: number;
  readonly population: number;
  /** In orbit and on their way. */
  readonly ships: number;
  readonly planets: number;
};
export type Ranked = Realm & { readonly rank: number };

export function realmOf({ planets, fleets }: Pick<Galaxy, 'planets' | 'fleets'>, seat: number): Realm {
  const own = planets.filter(({ owner }) => owner === seat);
  return {
    seat,
    population: populationOf(own),
    ships: shipsOf(own) + shipsOf(fleets.filter(({ owner }) => owner === seat)),
    planets: own.length,
  };
}

/** In the order of seats. Equal realms have equal ranks. */
export function ranking(galaxy: Galaxy): Ranked[] {
  const realms = galaxy.players.map(({ seat }) => realmOf(galaxy, seat));
  return realms.map((realm) => {
    const better = realms.filter((other) => compare(other, realm) > 0);
    return { ...realm, rank: better.length + 1 };
  });
}

function compare(a: Realm, b: Realm): number {
  return a.population - b.population || a.ships - b.ships || a.planets - b.planets;
}

export function resultOf(galaxy: Galaxy): GameResult {
  const ranked = ranking(galaxy);
  const winners = ranked.filter(({ rank }) => rank === 1);
  return {
    kind: winners.length === 1 ? 'finished' : 'draw',
    placements: ranked.map(({ seat, rank, population }) => ({ seat, rank, score: population })),
  };
}

/** @param before the dominance after the turn before. */
export function dominanceOf(
  { planets, players }: Pick<Galaxy, 'planets' | 'players'>,
  before: Galaxy['dominance'],
): Galaxy['dominance'] {
  const all = populationOf(planets);
  const dominant = players.find(({ seat }) => {
    const own = populationOf(planets.filter(({ owner }) => owner === seat));
    return 5 * own >= 3 * all;
  });
  if (dominant === undefined) return null;
  const { seat } = dominant;
  return { seat, turns: before?.seat === seat ? before.turns + 1 : 1 };
}

export function endOf(galaxy: Omit<Galaxy, 'ended'>): EndReason | null {
  const { turn, turns, players, dominance } = galaxy;
  if (players.filter(({ seat }) => isAlive(galaxy, seat)).length === 1) return 'last_seat';
  if (dominance !== null && dominance.turns >= dominantTurns) return 'domination';
  return turn >= turns ? 'turn_limit' : null;
}

const populationOf = (planets: readonly { readonly population: number }[]) =>
  sum(planets.map(({ population }) => population));
