// Distances on the field of 1000 by 1000, in whole numbers.
import { type Fleet, type Planet, planetWith } from './galaxy.ts';

export const fieldSize = 1_000;
export const sightRange = 250;
const speed = 100;

export type Point = { readonly x: number; readonly y: number };

export function squaredDistance(a: Point, b: Point): number {
  return (a.x - b.x) ** 2 + (a.y - b.y) ** 2;
}

/** Exact: the root of a square of this size is, and of its neighbours it is not rounded to the same number. */
export function travelTurns(from: Point, to: Point): number {
  return Math.ceil(Math.sqrt(squaredDistance(from, to)) / speed);
}

export function isInSight(from: Point, to: Point): boolean {
  return squaredDistance(from, to) <= sightRange ** 2;
}

/** Where the fleet is after this turn. */
export function positionOf(fleet: Fleet, planets: readonly Planet[], turn: number): Point {
  const from = planetWith(planets, fleet.from);
  const to = planetWith(planets, fleet.to);
  const whole = fleet.arrives - fleet.launched + 1;
  const passed = turn - fleet.launched + 1;
  const between = (a: number, b: number) => a + Math.round(((b - a) * passed) / whole);
  return { x: between(from.x, to.x), y: between(from.y, to.y) };
}
