import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../lib/engine-kit/random.ts';
import type { Point } from '../../../lib/star-conquest/domain/geometry.ts';
import { makeMap } from '../../../lib/star-conquest/domain/map.ts';
import { newGame, seedOf } from '../../support/engines/star-conquest.ts';

const sizes = [2, 3, 4, 5, 6, 7, 8].flatMap((seats) => [3, 4, 5].map((neutral) => [seats, neutral] as const));
const mapsOf = (seats: number, neutral: number) =>
  Array.from({ length: 12 }, (_, number) =>
    makeMap(seats, neutral, seededRandom(seedOf(number), `${seats} ${neutral}`)),
  );

const distance = (a: Point, b: Point) => Math.hypot(a.x - b.x, a.y - b.y);

describe.each(sizes)('the map of %i seats with %i neutral planets each', (seats, neutral) => {
  const maps = mapsOf(seats, neutral);

  it('has the same sector for each seat, on the field', () => {
    for (const sectors of maps) {
      expect(sectors).toHaveLength(seats);
      for (const sector of sectors) {
        expect(sector.map(({ isHome }) => isHome)).toEqual([true, ...Array(neutral).fill(false)]);
        const withoutPlace = sector.map(({ x: _x, y: _y, ...rest }) => rest);
        expect(withoutPlace).toEqual(sectors[0]?.map(({ x: _x, y: _y, ...rest }) => rest));
        for (const { x, y, capacity, population, ships, isHome } of sector) {
          for (const number of [x, y]) expect(Number.isInteger(number)).toBe(true);
          expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
          expect(Math.max(x, y)).toBeLessThanOrEqual(1_000);
          if (isHome) expect([capacity, population, ships]).toEqual([200, 100, 20]);
          else {
            expect(capacity).toBeGreaterThanOrEqual(60);
            expect(capacity).toBeLessThanOrEqual(160);
            expect(ships).toBeGreaterThanOrEqual(5);
            expect(ships).toBeLessThanOrEqual(15);
          }
        }
      }
    }
  });

  it('gives every sector the same ways to all others, and the same sight of them', () => {
    for (const sectors of maps) {
      const waysOf = (sector: number) =>
        sectors[sector]?.map((from) =>
          sectors.map((_, shift) =>
            sectors[(sector + shift) % seats]?.map((to) => [
              Math.ceil(distance(from, to) / 100),
              distance(from, to) <= 250,
            ]),
          ),
        );
      for (let sector = 1; sector < seats; sector++) expect(waysOf(sector)).toEqual(waysOf(0));
    }
  });

  it('lets everybody find everybody: no home is in sight of another, but of all from planet to planet', () => {
    for (const sectors of maps) {
      const planets = sectors.flat();
      const homes = planets.filter(({ isHome }) => isHome);
      for (const home of homes) {
        const others = planets.filter((planet) => planet !== home && distance(home, planet) <= 250);
        expect(others.length).toBeGreaterThanOrEqual(2);
        expect(others.filter(({ isHome }) => isHome)).toEqual([]);
      }
      const found = new Set(planets.slice(0, 1));
      for (const planet of found) {
        for (const other of planets) if (distance(planet, other) <= 250) found.add(other);
      }
      expect(found.size).toBe(planets.length);
    }
  });
});

it('a game begins with one home per seat, and ids from which nothing follows', () => {
  const games = Array.from({ length: 40 }, (_, number) => newGame(number, [2, 5, 7]));
  for (const { planets, players } of games) {
    expect(planets.map(({ id }) => id)).toEqual(planets.map((_, index) => index + 1));
    expect(planets).toHaveLength(15);
    for (const seat of [2, 5, 7]) expect(planets.filter(({ owner }) => owner === seat)).toHaveLength(1);
    expect(players.map(({ seat }) => seat)).toEqual([2, 5, 7]);
  }
  const homes = games.map(({ planets }) => planets.find(({ owner }) => owner === 2)?.id);
  expect(new Set(homes).size).toBeGreaterThan(8);
});
