// The largest game that there can be stays within what the platform takes.
import { expect, it } from 'vitest';
import { orderChecker } from '../../../lib/engine-kit/check-orders.ts';
import { Play } from '../../../lib/engine-kit/play.ts';
import type { SeatOrders } from '../../../lib/engine-kit/rules.ts';
import { maxFleets, type Orders } from '../../../lib/star-conquest/domain/orders.ts';
import { rules } from '../../../lib/star-conquest/rules.ts';

const seats = [1, 2, 3, 4, 5, 6, 7, 8];

it('a view with as many fleets as can be has less than 256 KiB, and no turn more events than are allowed', () => {
  const setup = {
    game_id: '01930f3c-7b1a-7000-8000-0000000000aa',
    seed: 'ab'.repeat(32),
    seats: seats.map((seat) => ({ seat, label: 'L'.repeat(64), bot: false })),
    options: { neutral_planets: 5, turns: 10 },
  };
  // Every seat has ships enough on every planet of its sector, and knows all planets.
  const rich: typeof rules = {
    ...rules,
    setUp(game) {
      const galaxy = rules.setUp(game);
      const planets = galaxy.planets.map((planet, index) => {
        return { ...planet, owner: seats[index % seats.length] ?? 0, ships: 100_000 };
      });
      const known = Object.fromEntries(
        planets.map(({ id, owner, population, ships }) => [id, { turn: 0, owner, population, ships }]),
      );
      const players = galaxy.players.map((player) => ({ ...player, known }));
      return { ...galaxy, planets, players };
    },
  };
  const problems = orderChecker(rich);
  const play = new Play(rich, setup, problems);
  let position = play.setUp();
  let most = 0;
  while (position.response.status === 'running') {
    const { planets, fleets } = position.state;
    const given = new Map(
      position.response.awaiting.map((seat): [number, SeatOrders<Orders>] => {
        const flying = fleets.filter(({ owner }) => owner === seat).length;
        const bases = planets.filter(({ owner, ships }) => owner === seat && ships >= planets.length);
        const send = bases
          .flatMap(({ id: from }) => planets.map(({ id: to }) => ({ from, to, ships: 1 })))
          .filter(({ from, to }) => from !== to)
          .slice(0, maxFleets - flying);
        expect(problems(position, seat, { send })).toEqual([]);
        return [seat, { state: 'ready', orders: { send } }];
      }),
    );
    position = play.turn(position, given, new Set());
    most = Math.max(most, position.state.fleets.length);
  }
  expect(most).toBeGreaterThan(1_000);
  for (const seat of seats) {
    const view = play.view(position.state, seat, position.response.turn);
    expect(JSON.stringify(view).length).toBeLessThan(128 * 1024);
  }
});
