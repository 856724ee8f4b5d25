// What an audience may see: own planets and fleets in full; what is in sight of them; of other planets what was seen last.
// Lists are ordered by what they show, so that their order tells nothing either.
import type { Audience } from '../../engine-kit/rules.ts';
import { type EndReason, type Focus, type Galaxy, isAlive, type Planet, type Player } from './galaxy.ts';
import type { Point } from './geometry.ts';
import { type Ranked, ranking } from './ranking.ts';
import { fleetsInSight } from './sight.ts';

export type PlanetView = Point & {
  readonly id: number;
  readonly capacity: number;
  readonly owner: number | null;
  readonly population: number;
  readonly ships: number;
  /** Own planets only. */
  readonly focus?: Focus;
  /** The turn after which the planet was like this. */
  readonly seen: number;
};

export type FleetView = Point & {
  readonly owner: number;
  readonly ships: number;
  /** Own fleets only: the planets, and the turn in which the fleet arrives. */
  readonly from?: number;
  readonly to?: number;
  readonly arrives?: number;
};

export type View = {
  readonly turn: number;
  readonly turns: number;
  /** Whose view it is; null for spectators. */
  readonly seat: number | null;
  readonly seats: readonly { readonly seat: number; readonly label: string; readonly alive: boolean }[];
  readonly planets: readonly PlanetView[];
  readonly fleets: readonly FleetView[];
  /** null while the game runs. */
  readonly outcome: { readonly reason: EndReason; readonly ranking: readonly Ranked[] } | null;
};

/** Spectators see what every seat knows, and neither planets nor fleets. */
export function viewOf(galaxy: Galaxy, audience: Audience): View {
  const { turn, turns, players, ended } = galaxy;
  const player = players.find(({ seat }) => seat === audience);
  return {
    turn,
    turns,
    seat: player?.seat ?? null,
    seats: players.map(({ seat, label }) => ({ seat, label, alive: isAlive(galaxy, seat) })),
    planets: player === undefined ? [] : galaxy.planets.flatMap((planet) => planetView(planet, player)),
    fleets: player === undefined ? [] : fleetViews(galaxy, player.seat),
    outcome: ended === null ? null : { reason: ended, ranking: ranking(galaxy) },
  };
}

function planetView(planet: Planet, { seat, known }: Player): PlanetView[] {
  const { id, x, y, capacity } = planet;
  const sighting = known[id];
  if (sighting === undefined) return [];
  const { turn: seen, owner, population, ships } = sighting;
  const focus = planet.owner === seat ? { focus: planet.focus } : {};
  return [{ id, x, y, capacity, owner, population, ships, ...focus, seen }];
}

function fleetViews(galaxy: Galaxy, seat: number): FleetView[] {
  return fleetsInSight(galaxy, seat)
    .map(({ x, y, fleet: { owner, ships, from, to, arrives } }) =>
      owner === seat ? { owner, ships, x, y, from, to, arrives } : { owner, ships, x, y },
    )
    .toSorted(byWhatIsShown);
}

const shown = ['owner', 'x', 'y', 'ships', 'to', 'arrives', 'from'] as const;

function byWhatIsShown(a: FleetView, b: FleetView): number {
  const different = shown.find((field) => a[field] !== b[field]);
  return different === undefined ? 0 : (a[different] ?? 0) - (b[different] ?? 0);
}
