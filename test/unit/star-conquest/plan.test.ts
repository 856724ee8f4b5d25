import { describe, expect, it } from 'vitest';
import {
  focusOf,
  neighbour,
  plannedShips,
  planOf,
  shipsToSend,
  voyage,
  withFocus,
  withSend,
} from '../../../lib/star-conquest/board/plan.ts';
import type { PlanetView, View } from '../../../lib/star-conquest/domain/view.ts';

const planet = (id: number, x: number, y: number, more: Partial<PlanetView> = {}): PlanetView => ({
  id,
  x,
  y,
  capacity: 100,
  owner: null,
  population: 50,
  ships: 10,
  seen: 4,
  ...more,
});
const home = planet(1, 0, 0, { owner: 1, ships: 20, focus: 'ships' });
const view: View = {
  turn: 4,
  turns: 40,
  seat: 1,
  seats: [],
  planets: [home, planet(2, 150, 0), planet(3, 0, 90), planet(4, 200, 190)],
  fleets: [],
  outcome: null,
};
const [, second = home, third = home] = view.planets;

describe('a plan', () => {
  const plan = withSend(withSend(planOf(undefined), { from: 1, to: 2, ships: 5 }), {
    from: 1,
    to: 3,
    ships: 4,
  });

  it('leaves what it does not send elsewhere', () => {
    expect(shipsToSend(plan, home, 4)).toBe(11);
    expect(shipsToSend(plan, home, 2)).toBe(16);
    expect(plannedShips(plan, 1, 2)).toBe(5);
  });

  it('replaces an order for the same way, and drops one without ships', () => {
    expect(withSend(plan, { from: 1, to: 2, ships: 7 }).send).toEqual([
      { from: 1, to: 3, ships: 4 },
      { from: 1, to: 2, ships: 7 },
    ]);
    expect(withSend(plan, { from: 1, to: 2, ships: 0 }).send).toEqual([{ from: 1, to: 3, ships: 4 }]);
  });

  it('names a focus only where it changes one', () => {
    const changed = withFocus(plan, home, 'growth');
    expect(changed.focus).toEqual([{ planet: 1, focus: 'growth' }]);
    expect(focusOf(changed, home)).toBe('growth');
    expect(withFocus(changed, home, 'ships').focus).toEqual([]);
  });
});

it('a voyage says when ships arrive, and how many take the planet', () => {
  expect(voyage(view, home, second)).toEqual({ turns: 2, arrives: 6, needed: 13 });
  expect(voyage(view, second, home)).toEqual({ turns: 2, arrives: 6, needed: undefined });
});

describe('an arrow key', () => {
  it.each([
    ['ArrowRight', 2],
    ['ArrowDown', 3],
    ['ArrowLeft', undefined],
    ['ArrowUp', undefined],
  ])('%s leads from home to %s', (key, id) => {
    expect(neighbour(view, home, key)?.id).toBe(id);
  });

  it('leads back', () => {
    expect(neighbour(view, third, 'ArrowUp')?.id).toBe(1);
  });
});
