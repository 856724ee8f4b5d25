// The map: one sector per seat around the centre, each the same, turned by its part of the circle. Positions are rounded
// to whole numbers; how long ships travel, and which planets see each other, is exactly the same in all sectors.
import type { Random } from '../../engine-kit/rules.ts';
import { fieldSize, isInSight, type Point, squaredDistance, travelTurns } from './geometry.ts';

/** A planet as it is before the first turn. */
export type Site = Point & {
  readonly isHome: boolean;
  readonly capacity: number;
  readonly population: number;
  readonly ships: number;
};

const homeStart = { capacity: 200, population: 100, ships: 20 };
const centre = fieldSize / 2;
/** Of planets from the centre, so that they stay on the field however they are turned. */
const maxRadius = 480;
const spacing = 70;
/** So many neutral planets can be seen from home. */
const neighbours = 2;
const triesPerPlanet = 40;

/** @returns the sites of each sector, the home first, in the same order in all of them. */
export function makeMap(sectors: number, neutralPlanets: number, random: Random): Site[][] {
  const places = placesOf(sectors, neutralPlanets, random);
  const starts = places.map((_, index) => (index === 0 ? homeStart : neutralStart(random)));
  return Array.from({ length: sectors }, (_, sector) =>
    places.map((copies, index) => ({
      ...at(copies, sector),
      ...at(starts, index),
      isHome: index === 0,
    })),
  );
}

function neutralStart(random: Random) {
  return {
    capacity: random.between(60, 160),
    population: random.between(30, 60),
    ships: random.between(5, 15),
  };
}

/** One place of the sector in all sectors, by sector. */
type Copies = readonly Point[];

function placesOf(sectors: number, neutralPlanets: number, random: Random): readonly Copies[] {
  for (;;) {
    const places = attempt(sectors, neutralPlanets, random);
    if (places !== undefined && isConnected(places.flat())) return places;
  }
}

/** @returns undefined when there was no room for a planet. */
function attempt(sectors: number, neutralPlanets: number, random: Random): readonly Copies[] | undefined {
  const radius = 300 + 10 * sectors;
  const places: Copies[] = [];
  const place = (fits: (copies: Copies) => boolean, from: number, to: number): boolean => {
    for (let tries = 0; tries < triesPerPlanet; tries++) {
      const copies = turned(pointInRing(from, to, random), sectors);
      if (!keepsApart(copies, places) || !isEven(copies, [...places, copies]) || !fits(copies)) continue;
      places.push(copies);
      return true;
    }
    return false;
  };
  if (!place(() => true, radius, radius + 60)) return undefined;
  while (places.length <= neutralPlanets) {
    const seenFrom = places.length <= neighbours ? places.slice(0, 1) : places;
    const fits = (copies: Copies) =>
      seenFrom.some((other) => isInSight(at(copies, 0), at(other, 0))) &&
      isOfItsSector(copies, at(places, 0));
    if (!place(fits, 0, maxRadius)) return undefined;
  }
  return places;
}

/** Relative to the centre of the field. */
function pointInRing(from: number, to: number, random: Random): Point {
  for (;;) {
    const point = { x: random.between(-to, to), y: random.between(-to, to) };
    const square = squaredDistance(point, { x: 0, y: 0 });
    if (square >= from ** 2 && square <= to ** 2) return point;
  }
}

/** The point in every sector, on the field. */
function turned({ x, y }: Point, sectors: number): Copies {
  // Sine and cosine in millionths: rounded, they are the same on every machine.
  const unit = 1_000_000;
  return Array.from({ length: sectors }, (_, sector) => {
    const angle = (2 * Math.PI * sector) / sectors;
    const [cos, sin] = [Math.round(unit * Math.cos(angle)), Math.round(unit * Math.sin(angle))];
    return {
      x: centre + Math.round((x * cos - y * sin) / unit),
      y: centre + Math.round((x * sin + y * cos) / unit),
    };
  });
}

function keepsApart(copies: Copies, places: readonly Copies[]): boolean {
  const first = at(copies, 0);
  return [...copies.slice(1), ...places.flat()].every(
    (other) => squaredDistance(first, other) >= spacing ** 2,
  );
}

function isOfItsSector(copies: Copies, homes: Copies): boolean {
  const toHome = homes.map((home) => squaredDistance(at(copies, 0), home));
  return toHome.slice(1).every((square) => square > at(toHome, 0));
}

/** Whether rounding has left every sector the same ways and the same sight of these places. */
function isEven(copies: Copies, places: readonly Copies[]): boolean {
  return places.every((others) =>
    others.every((_, shift) => {
      const [first, ...rest] = copies.map((point, sector) => {
        const other = at(others, (sector + shift) % others.length);
        return `${travelTurns(point, other)} ${isInSight(point, other)}`;
      });
      return rest.every((way) => way === first);
    }),
  );
}

/** Whether each planet can be found from each other one, from sight to sight. */
function isConnected(points: readonly Point[]): boolean {
  const [start, ...others] = points;
  const found = start === undefined ? [] : [start];
  let hidden = others;
  for (const point of found) {
    found.push(...hidden.filter((other) => isInSight(point, other)));
    hidden = hidden.filter((other) => !isInSight(point, other));
  }
  return hidden.length === 0;
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new RangeError(`there is no item ${index}`);
  return item;
}
