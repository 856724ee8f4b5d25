// Turns: how they are played, repeated and refused.
import { request } from 'node:http';
import { engineRoutes, maxSeats, type TurnRequest } from '../../../lib/engine/api.ts';
import { within } from '../../../lib/node/process.ts';
import type { Attempt, Exchange } from '../exchange.ts';
import { asState, requireRefusal, requireSame } from '../expect.ts';
import { type Game, isOpen } from '../game.ts';
import { type Check, group } from '../group.ts';
import { says } from '../interface-says.ts';
import type { Lab } from '../lab.ts';
import { NotApplicable, Violation } from '../violation.ts';

const bodyLimitBytes = 9 * 1024 * 1024;
/** An engine may refuse a large body by its length alone, or after it has read it. */
const earlyRefusalMs = 300;
const largeTimeoutMs = 10_000;
/** Some orders may do as little as none. */
const draftTurns = 3;

const checks: readonly Check<Game>[] = [
  {
    name: 'refuses a turn that is not as described, and plays nothing of it',
    saying: says.badTurn,
    async run(game, { maker }) {
      const wrong = wrongTurns(game, await game.ordered(maker));
      for (const [what, body] of wrong) {
        const refused = await game.engine.play(body);
        requireRefusal(refused, 400, `A turn ${what}`);
        await game.requireUnchanged(`After a refused turn ${what}`, [refused]);
      }
      const half = { method: 'POST', path: engineRoutes.turns, body: '{"turn":' } as const;
      requireRefusal(await game.engine.askRaw(half), 400, 'A turn that is not JSON');
    },
  },
  {
    name: 'refuses a body of more than 9 MiB',
    saying: says.tooLarge,
    run: refuseLargeBody,
  },
  {
    name: 'refuses a turn that is not the next one',
    saying: says.otherTurn,
    async run(game, { maker }) {
      const turn = game.state.turn + 2;
      const refused = await game.engine.play({ ...(await game.ordered(maker)), turn });
      requireRefusal(refused, 409, `Turn ${turn}, while turn ${turn - 1} is the next one,`);
      await game.requireUnchanged('After a refused turn', [refused]);
    },
  },
  {
    name: 'plays a turn, and gives the same response to a repeat',
    saying: says.played,
    async run(game, { maker }) {
      const turn = await game.ordered(maker);
      const first = await game.play(turn);
      const second = await game.engine.play(turn);
      requireSame(first, second, 'A repeated turn got another response');
      await game.requireUnchanged('After a repeated turn', [first, second]);
      const message = 'GET /api/v1/game differs from the response to the turn';
      requireSame(asState(first), asState(await game.engine.state()), message);
    },
  },
  {
    name: 'refuses other orders for a turn that was played',
    saying: says.otherTurn,
    async run(game, { maker }) {
      const turn = await game.ordered(maker);
      const others = await otherOrders(game, turn, maker);
      const first = await game.play(turn);
      for (const [what, other] of others) {
        const refused = await game.engine.play(other);
        requireRefusal(refused, 409, `Turn ${turn.turn} ${what}`);
        await game.requireUnchanged('After a refused turn', [first, refused]);
      }
    },
  },
  {
    name: 'plays a turn once when it is asked twice at the same time',
    saying: says.repeated,
    async run(game, { maker }) {
      const turn = await game.ordered(maker);
      const [first, second] = await Promise.all([game.engine.play(turn), game.engine.play(turn)]);
      game.played(turn, first);
      requireSame(first, second, 'Two equal turns at the same time got different responses');
      await game.requireUnchanged('After two equal turns at the same time', [first, second]);
    },
  },
  {
    name: 'plays one of two turns with different orders that come at the same time',
    saying: says.contradicts,
    async run(game, { maker }) {
      const turn = await game.ordered(maker);
      const [other] = await otherOrders(game, turn, maker);
      if (other === undefined) throw new NotApplicable('no other orders were found');
      const both = await Promise.all([game.engine.play(turn), game.engine.play(other[1])]);
      const [played, refused] = both[0].status === 200 ? both : both.toReversed();
      if (played === undefined || refused === undefined) throw new TypeError('there are two responses');
      requireRefusal(refused, 409, 'The second of two different turns at the same time');
      game.played(turn, played);
    },
  },
  {
    name: 'gives the state as it is by then to a repeated set-up',
    saying: says.setUp,
    async run(game, { maker }) {
      await game.play(await game.ordered(maker));
      const message = 'A repeated set-up did not get the state as it is';
      const [state, repeated] = [await game.engine.state(), await game.engine.setUp(game.setup)];
      requireSame(asState(state), asState(repeated), message);
    },
  },
  {
    name: 'plays a turn for which no seat gave orders',
    saying: says.missing,
    run: async (game) => void (await game.play(game.request([]))),
  },
  {
    name: 'plays drafts like orders that are ready',
    saying: says.draft,
    run: (_, lab) => playDrafts(lab),
  },
];

export const turnsGroup = group('turns', (lab) => lab.newGame(), checks, isOpen);

function wrongTurns(game: Game, turn: TurnRequest): [what: string, body: unknown][] {
  const [first, ...others] = turn.orders;
  const withRow = (change: object) => ({ ...turn, orders: [{ ...first, ...change }, ...others] });
  const stranger = Math.max(...game.seats) + 1;
  const wrong: [string, unknown][] = [
    ['with a field that there is not', { ...turn, galaxy_check: true }],
    ['with a field of a row that there is not', withRow({ galaxy_check: true })],
    ['without orders', { turn: turn.turn }],
    ['whose orders are an object', { ...turn, orders: {} }],
    ['without its number', { orders: turn.orders }],
    ['whose number is a text', { ...turn, turn: String(turn.turn) }],
    ['with a state that there is not', withRow({ state: 'done' })],
    ['with a row without a state', withRow({ state: undefined })],
    ['that says ready without orders', withRow({ orders: null, state: 'ready' })],
    ['that says missing with orders', withRow({ orders: {}, state: 'missing' })],
    ['that says vacant with orders', withRow({ orders: {}, state: 'vacant' })],
    ['that names a seat twice', { ...turn, orders: [...turn.orders, first] }],
    ['that leaves out a seat that is awaited', { ...turn, orders: others }],
  ];
  if (stranger <= maxSeats) {
    const row = { seat: stranger, orders: null, state: 'missing' };
    wrong.push(['with a seat that there is not', { ...turn, orders: [...turn.orders, row] }]);
  }
  return wrong;
}

/** The same turn with something else ordered. */
async function otherOrders(
  game: Game,
  turn: TurnRequest,
  maker: Lab['maker'],
): Promise<[what: string, other: TurnRequest][]> {
  const found: [string, TurnRequest][] = [];
  for (const { seat, orders } of turn.orders) {
    const with_ = (row: TurnRequest['orders'][number]) => ({
      ...turn,
      orders: turn.orders.map((one) => (one.seat === seat ? row : one)),
    });
    const others = await maker.findOther(game, seat, orders);
    if (others !== undefined)
      found.push([`with other orders of seat ${seat}`, with_(game.row(seat, others))]);
    if (orders !== null) found.push([`without the orders of seat ${seat}`, with_(game.row(seat, undefined))]);
  }
  return found;
}

async function refuseLargeBody(game: Game): Promise<void> {
  const exchange = await sendLargeBody(game, earlyRefusalMs).catch((error) => {
    // On a busy machine the refusal may just have been on its way, and what was sent then met a closed connection.
    if (!(error instanceof Broken)) throw error;
    return sendLargeBody(game, largeTimeoutMs);
  });
  requireRefusal(exchange, 413, `A body of ${bodyLimitBytes + 1} bytes`);
  await game.requireUnchanged('After a body that was too large');
}

class Broken extends Violation {}

/**
 * Valid JSON, but for its length.
 * @param patienceMs how long the engine has to refuse the length alone, before the body is sent.
 */
async function sendLargeBody(game: Game, patienceMs: number): Promise<Exchange> {
  const { host, port } = game.engine.address;
  const start = JSON.stringify(game.request([]));
  const bytes = bodyLimitBytes + 1;
  const sent: Attempt = {
    method: 'POST',
    path: engineRoutes.turns,
    body: `${start} and blanks up to ${bytes} bytes`,
  };
  const outgoing = request({ host, port, method: 'POST', path: sent.path });
  outgoing.setHeader('content-type', 'application/json');
  outgoing.setHeader('content-length', bytes);
  const response = new Promise<Exchange>((resolve, reject) => {
    outgoing.on('error', (error) => {
      reject(new Broken(`The connection broke without a response (${error.message}).`, [sent]));
    });
    outgoing.on('response', (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      incoming.on('close', () =>
        resolve({ ...sent, status: incoming.statusCode ?? 0, text, json: jsonOf(text) }),
      );
    });
  });
  try {
    outgoing.flushHeaders();
    const settled = response.catch(() => undefined);
    if (!(await within(patienceMs, settled))) outgoing.end(start.padEnd(bytes));
    if (!(await within(largeTimeoutMs, settled))) {
      throw new Violation(`There was no response within ${largeTimeoutMs / 1_000} s.`, [sent]);
    }
    return await response;
  } finally {
    outgoing.destroy();
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** In two games that are alike in everything else. */
async function playDrafts(lab: Lab): Promise<void> {
  const setup = lab.newSetup();
  const [ready, drafts] = await Promise.all([lab.newGame(setup), lab.newGame(setup)]);
  for (let turn = 0; turn < draftTurns && !ready.finished; turn++) {
    const request = await ready.ordered(lab.maker);
    const orders = request.orders.map((row) =>
      row.state === 'ready' ? { ...row, state: 'draft' as const } : row,
    );
    await ready.play(request);
    await drafts.play({ ...request, orders });
    await ready.requireSameAs(drafts, 'With drafts in place of orders that are ready');
  }
}
