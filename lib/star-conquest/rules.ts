// Star conquest: two to eight seats settle a galaxy that each sees only a part of. Nothing depends on chance but the map
// and the bots. The rules for players are in docs/star-conquest.md.
import type { Rules, Standing } from '../engine-kit/rules.ts';
import { botOrders } from './domain/bot.ts';
import { eventsOf } from './domain/events.ts';
import { type Galaxy, isAlive } from './domain/galaxy.ts';
import { type Orders, ordersSchema, problemsWith } from './domain/orders.ts';
import { realmOf, resultOf } from './domain/ranking.ts';
import { newGalaxy, type Options, optionsSchema } from './domain/set-up.ts';
import { playTurn } from './domain/turn.ts';
import { type View, viewOf } from './domain/view.ts';

export const rules: Rules<Galaxy, Orders, Options, View> = {
  manifest: {
    family: 'star-conquest',
    version: '1.0.0',
    seats: { min: 2, max: 8 },
    options_schema: optionsSchema,
    orders_schema: ordersSchema,
    turn_order: 'simultaneous',
    hidden_information: true,
    spectator_view: true,
  },

  setUp: ({ seats, options, random }) => newGalaxy(seats, options, random),

  validate: (galaxy, { seat, orders }) => problemsWith(galaxy, seat, orders),

  resolve(before, { orders, vacant }) {
    const given = new Map<number, Orders>();
    for (const [seat, row] of orders) {
      if ('orders' in row && !vacant.has(seat)) given.set(seat, row.orders);
    }
    const { galaxy, battles, eliminated } = playTurn(before, given);
    const seats = galaxy.players.map(({ seat }) => seat);
    return { state: galaxy, events: eventsOf(seats, battles, eliminated) };
  },

  standing(galaxy): Standing {
    const alive = galaxy.players.map(({ seat }) => seat).filter((seat) => isAlive(galaxy, seat));
    return {
      awaiting: galaxy.ended === null ? alive : [],
      alive,
      stats: galaxy.players.map(({ seat, shipsBuilt }) => {
        const { planets, population } = realmOf(galaxy, seat);
        return { seat, planets, population, ships_built: shipsBuilt };
      }),
      ...(galaxy.ended !== null && { result: resultOf(galaxy) }),
    };
  },

  view: viewOf,

  bot: (view, { random }) => botOrders(view, random),
};
