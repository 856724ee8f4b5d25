import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EngineTrouble } from '../../../lib/game-master/domain/engine-trouble.ts';
import { type Engine, openEngine } from '../../../lib/game-master/peers/engine.ts';

let respond: RequestListener;
const server = createServer((request, response) => respond(request, response));
let engine: Engine;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  engine = openEngine(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const call = { timeoutMs: 10_000 };
const gameId = '0198f3a0-0000-7000-8000-000000000001';
const state = { game_id: gameId, turn: 1, status: 'running', awaiting: [1], alive: [1], stats: [] };
const manifest = {
  protocol: 2,
  family: 'bids',
  version: '1',
  seats: { min: 1, max: 4 },
  options_schema: {},
  orders_schema: {},
  turn_order: 'simultaneous',
  hidden_information: true,
  spectator_view: true,
};

const json =
  (value: unknown, status = 200): RequestListener =>
  (_, response) =>
    response.writeHead(status).end(typeof value === 'string' ? value : JSON.stringify(value));

/** What an engine is taken to suffer from, or `none`. */
async function trouble(asked: Promise<unknown>): Promise<string> {
  try {
    await asked;
    return 'none';
  } catch (error) {
    if (!(error instanceof EngineTrouble)) throw error;
    expect(error.message).not.toContain('secret');
    return error.health;
  }
}

test.each<[string, RequestListener, string]>([
  ['as described', json(manifest), 'none'],
  ['with more than is asked for', json({ ...manifest, author: 'Ada' }), 'none'],
  ['none, as in version 1', json({ error: { code: 'x', message: 'x' } }, 404), 'unsupported'],
  ['of version 1', json({ ...manifest, protocol: 1 }), 'unsupported'],
  ['of version 3, which may look different', json({ protocol: 3 }), 'unsupported'],
  ['of no version', json({ ...manifest, protocol: 'secret' }), 'faulty'],
  ['without seats', json({ ...manifest, seats: { min: 3, max: 2 } }), 'faulty'],
])('a manifest %s', async (_, response, expected) => {
  respond = response;
  expect(await trouble(engine.manifest(call))).toBe(expected);
});

describe('a turn to which the engine responds', () => {
  const turn = { turn: 1, orders: [{ seat: 1, orders: { secret: 1 }, state: 'ready' as const }] };
  const event = (payload: unknown) => ({ ...state, events: [{ to: [1], type: 'news', payload }] });

  test.each<[string, RequestListener, string]>([
    ['as described', json(event({ text: 'it said \\u0000, in words' })), 'none'],
    ['with garbage', json('<html>secret'), 'faulty'],
    [
      'with a fault that repeats the orders',
      json({ error: { code: 'x', message: 'secret' } }, 500),
      'faulty',
    ],
    ['with keys that repeat the orders', json({ ...state, stats: [{ secret: 1 }] }), 'faulty'],
    ['with a state that has finished, without a result', json({ ...state, status: 'finished' }), 'faulty'],
    ['with a character that PostgreSQL does not store', json(event({ text: '\0' })), 'faulty'],
    ['with half of a surrogate pair', json(event({ text: '\ud83d' })), 'faulty'],
    [
      'with an event nested too deep',
      json(event({ deep: JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`) })),
      'faulty',
    ],
    [
      'with a redirect',
      (_, response) => response.writeHead(302, { location: '/api/v1/game' }).end(),
      'faulty',
    ],
    ['that it knows no game', json({}, 404), 'state_lost'],
    ['that it is at another turn', json({}, 409), 'state_lost'],
    [
      'with half a response',
      (_, response) => response.writeHead(200, { 'content-length': 9 }).write('{}', () => response.destroy()),
      'unreachable',
    ],
    ['by hanging up', (_, response) => response.destroy(), 'unreachable'],
  ])('%s', async (_, response, expected) => {
    respond = response;
    expect(await trouble(engine.playTurn(turn, call))).toBe(expected);
  });

  test('with more and more', async () => {
    let sent = 0;
    respond = (_, response) => {
      response.writeHead(200);
      const chunk = ' '.repeat(1024 * 1024);
      const more = (): void => {
        if (response.destroyed || sent > 100 * chunk.length) return;
        sent += chunk.length;
        if (response.write(chunk)) setImmediate(more);
        else response.once('drain', more);
      };
      more();
    };
    expect(await trouble(engine.playTurn(turn, call))).toBe('faulty');
    expect(sent).toBeLessThan(50 * 1024 * 1024);
  });

  test('never', async () => {
    respond = () => {};
    expect(await trouble(engine.playTurn(turn, { timeoutMs: 50 }))).toBe('unreachable');
  });

  test('byte by byte, for longer than it has', async () => {
    respond = (_, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(' '), 10);
      response.on('close', () => clearInterval(timer));
    };
    expect(await trouble(engine.playTurn(turn, { timeoutMs: 100 }))).toBe('unreachable');
  });
});

test('a state that the engine does not have yet is none; anything else is trouble', async () => {
  respond = json({}, 404);
  expect(await engine.state(call)).toBeUndefined();
  respond = json(state);
  expect(await engine.state(call)).toEqual(state);
  respond = json(state, 201);
  expect(await trouble(engine.state(call))).toBe('faulty');
});
