// Orders that are validated while a turn is open.
import { engineBounds, maxSeats, validateResponseSchema } from '../../../lib/engine/api.ts';
import type { Exchange } from '../exchange.ts';
import { read, requireRefusal } from '../expect.ts';
import { type Game, isOpen } from '../game.ts';
import { type Check, group } from '../group.ts';
import { says } from '../interface-says.ts';
import { pointerParts } from '../orders/sample.ts';
import { NotApplicable, Violation } from '../violation.ts';

/** Of the orders' bound; the rest is for the fields around them. */
const largeBytes = engineBounds.ordersBytes - 1_024;

const checks: readonly Check<Game>[] = [
  {
    name: 'finds no problems in orders that are valid',
    saying: says.validOrders,
    run: async (game, { maker }) => void (await maker.require(game, game.mover)),
  },
  {
    name: 'finds problems in orders that orders_schema does not allow',
    saying: says.validateOk,
    async run(game, { maker }) {
      const forbidden = maker.forbidden();
      if (forbidden.length === 0) throw new NotApplicable('orders_schema allows everything');
      for (const orders of forbidden) {
        requireProblems(await validate(game, { orders }), orders);
      }
    },
  },
  {
    name: 'takes orders of almost 64 KiB',
    saying: says.ordersBytes,
    async run(game, { maker }) {
      const orders = { ...(await maker.find(game, game.mover)), galaxy_check: 'x'.repeat(largeBytes) };
      read(validateResponseSchema, await validate(game, { orders }));
    },
  },
  {
    name: 'refuses orders for another turn',
    saying: says.validateTurn,
    async run(game, { maker }) {
      const orders = (await maker.find(game, game.mover)) ?? {};
      const turn = game.state.turn + 2;
      requireRefusal(await validate(game, { turn, orders }), 409, `Validating orders for turn ${turn}`);
      const played = await game.ordered(maker);
      await game.play(played);
      const earlier = await validate(game, { turn: played.turn, orders });
      requireRefusal(earlier, 409, `Validating orders for turn ${played.turn}, which was played`);
    },
  },
  {
    name: 'refuses orders of a seat that there is not',
    saying: says.validateBad,
    async run(game, { maker }) {
      const orders = (await maker.find(game, game.mover)) ?? {};
      const seat = Math.max(...game.seats) + 1;
      if (seat > maxSeats) throw new NotApplicable('the game has every seat that there can be');
      requireRefusal(await validate(game, { seat, orders }), 400, `Validating orders of seat ${seat}`);
    },
  },
  {
    name: 'refuses what is not as described',
    saying: says.fields,
    async run(game, { maker }) {
      const orders = (await maker.find(game, game.mover)) ?? {};
      const wrong: [string, object][] = [
        ['with a field that there is not', { orders, galaxy_check: true }],
        ['without orders', {}],
        ['without a seat', { orders, seat: undefined }],
        ['for a turn that is a text', { orders, turn: '1' }],
        ['of a seat that is a text', { orders, seat: String(game.mover) }],
      ];
      for (const [what, change] of wrong) {
        requireRefusal(await validate(game, change), 400, `Validating ${what}`);
      }
    },
  },
  {
    name: 'changes nothing when it validates orders',
    saying: says.changeNothing,
    async run(game, { maker }) {
      const before = await game.views();
      const valid = await maker.find(game, game.mover);
      const sent: Exchange[] = [];
      for (const orders of [valid ?? {}, ...maker.forbidden(), valid ?? {}]) {
        sent.push(await validate(game, { orders }));
      }
      const last = sent.slice(-1);
      await game.requireUnchanged('After orders were validated', last);
      await game.requireSameViews(before, 'After orders were validated', last);
    },
  },
];

export const validateGroup = group('validate', (lab) => lab.newGame(), checks, isOpen);

function validate(game: Game, change: object): Promise<Exchange> {
  return game.engine.validate({ seat: game.mover, turn: game.state.turn + 1, ...change });
}

function requireProblems(exchange: Exchange, orders: unknown): void {
  const { problems } = read(validateResponseSchema, exchange);
  if (problems.length === 0) {
    throw new Violation('validate found no problems in orders that orders_schema does not allow.', [
      exchange,
    ]);
  }
  for (const { path } of problems) {
    if (leadsIn(orders, path)) continue;
    const message = `The path ${JSON.stringify(path)} of a problem leads to no value in the orders.`;
    throw new Violation(message, [exchange], says.path);
  }
}

function leadsIn(orders: unknown, path: string): boolean {
  if (path !== '' && !path.startsWith('/')) return false;
  let value = orders;
  for (const part of pointerParts(path)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return false;
    value = (value as Record<string, unknown>)[part];
  }
  return true;
}
