import { beforeAll, describe, expect, test } from 'vitest';
import { brokenResponses, type Misbehaviour } from '../../support/game-master/bid-engine.ts';
import {
  type PlayedGame,
  refusalOf,
  stage,
  stranger,
  usePlayStage,
} from '../../support/game-master/play-stage.ts';

usePlayStage();

const validate = 'POST /api/v1/game/orders/validate';
const turns = 'POST /api/v1/game/turns';
const bid = (value: unknown, more: object = {}) => ({ turn: 1, orders: { bid: value }, ...more });
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

describe('orders for the open turn', () => {
  test('are validated by the engine, stored before the response, and given back to their author', async () => {
    const game = await stage.game({ seats: 2 });
    const reply = await game.player(1).post('/orders', bid(3));
    expect(reply).toEqual({
      status: 200,
      body: { game_id: game.gameId, turn: 1, state: 'draft', stored_at: time, turn_now: 1 },
    });
    expect(stage.engine.validated.at(-1)).toEqual({ seat: 1, turn: 1, orders: { bid: 3 } });
    expect(await stage.stored(game.gameId)).toEqual([{ seat: 1, turn: 1, ready: false, orders: { bid: 3 } }]);
    for (const query of ['', '?turn=1']) {
      expect((await game.player(1).get(`/orders${query}`)).body).toEqual({
        game_id: game.gameId,
        turn: 1,
        state: 'draft',
        orders: { bid: 3 },
        stored_at: reply.body.stored_at,
      });
    }
    const none = { game_id: game.gameId, turn: 1, state: 'none', orders: null, stored_at: null };
    expect((await game.player(2).get('/orders')).body).toEqual(none);
  });

  test('are replaced by later ones, and withdrawn', async () => {
    const game = await stage.game({ seats: 2 });
    await game.player(1).post('/orders', bid(3, { ready: true }));
    await game.player(1).post('/orders', bid(4));
    expect(await stage.stored(game.gameId)).toEqual([{ seat: 1, turn: 1, ready: false, orders: { bid: 4 } }]);
    for (let repeat = 0; repeat < 2; repeat++) {
      const { status, body } = await game.player(1).post('/orders/withdraw', { turn: 1 });
      expect([status, body]).toEqual([
        200,
        { game_id: game.gameId, turn: 1, state: 'none', stored_at: null, turn_now: 1 },
      ]);
    }
    expect(await stage.stored(game.gameId)).toEqual([]);
    const { rows } = await stage.pool.query('select orders_bytes from game_master.games where game_id = $1', [
      game.gameId,
    ]);
    expect(rows).toEqual([{ orders_bytes: 0 }]);
  });

  test('play the turn when nobody is awaited any more, and the engine gets exactly what was stored', async () => {
    const game = await stage.game({ seats: 3, awaiting: [1, 2] });
    await game.player(3).post('/orders', bid(9));
    await game.player(1).post('/orders', bid(3, { ready: true }));
    expect(stage.engine.played(game.gameId)).toEqual([]);
    const last = await game.player(2).post('/orders', bid(5, { ready: true }));
    expect(last.body).toMatchObject({ turn: 1, state: 'ready', turn_now: 2 });
    expect(stage.engine.played(game.gameId)).toEqual([
      {
        turn: 1,
        orders: [
          { seat: 1, orders: { bid: 3 }, state: 'ready' },
          { seat: 2, orders: { bid: 5 }, state: 'ready' },
          { seat: 3, orders: { bid: 9 }, state: 'draft' },
        ],
      },
    ]);
    expect(await stage.stored(game.gameId)).toEqual([]);
    expect((await game.player(1).get('/orders')).body).toMatchObject({ turn: 2, state: 'none' });
  });

  test('of the last turn end the game, which has no turn any more', async () => {
    const game = await stage.game({ seats: 1, lastTurn: 1 });
    const last = await game.player(1).post('/orders', bid(5, { ready: true }));
    expect(last.body).toMatchObject({ turn: 1, state: 'ready', turn_now: null });
    expect(refusalOf(await game.player(1).post('/orders', bid(1)))).toBe('409 game_not_running');
    expect(refusalOf(await game.player(1).get('/orders'))).toBe('409 game_not_running');
  });

  test('are taken once per Idempotency-Key; a repeat says which turn it is now', async () => {
    const game = await stage.game({ seats: 2 });
    const key = { 'idempotency-key': 'first' };
    const first = await game.player(1).post('/orders', bid(3, { ready: true }), key);
    await game.player(2).post('/orders', bid(4, { ready: true }));
    expect(await game.player(1).post('/orders', bid(3, { ready: true }), key)).toEqual({
      status: 200,
      body: { ...first.body, turn_now: 2 },
    });
    expect(await stage.stored(game.gameId)).toEqual([]);
    expect(refusalOf(await game.player(1).post('/orders', bid(4), key))).toBe('409 idempotency_conflict');
    expect(refusalOf(await game.player(2).post('/orders', bid(4), key))).toBe('409 turn_closed');
  });

  test('take the trace context of their request to the engine, and into the messages of the turn', async () => {
    const game = await stage.game({ seats: 1 });
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const { length } = stage.engine.traces;
    await game.player(1).post('/orders', bid(3, { ready: true }), { traceparent });
    expect(stage.engine.traces.slice(length)).toEqual([traceparent, traceparent]);
    const { rows } = await stage.pool.query(
      'select distinct traceparent from game_master.outbox where ordering_key = $1',
      [game.gameId],
    );
    expect(rows).toEqual([{ traceparent }]);
  });

  test('are reported as a change only if the seat has become ready, or not ready', async () => {
    const game = await stage.game({ seats: 2 });
    const changed = async () => {
      const { rows } = await stage.pool.query(
        'update game_master.games g set readiness_changed = false from game_master.games old ' +
          'where g.game_id = $1 and old.game_id = g.game_id returning old.readiness_changed as changed',
        [game.gameId],
      );
      return rows[0]?.changed;
    };
    const ready = [false, true, true, false];
    const changes = [];
    for (const one of ready) {
      await game.player(1).post('/orders', bid(3, { ready: one }));
      changes.push(await changed());
    }
    expect(changes).toEqual([false, true, false, true]);
  });

  test('are stored when the engine then fails to play the turn, which stays closed', async () => {
    const game = await stage.game({ seats: 1 });
    stage.engine.misbehaviour = (call, response) => call === turns && Boolean(response.writeHead(500).end());
    const reply = await game.player(1).post('/orders', bid(5, { ready: true }));
    expect(reply).toMatchObject({ status: 200, body: { state: 'ready', turn_now: 1 } });
    const late = await game.player(1).post('/orders', bid(6));
    expect(refusalOf(late)).toBe('409 turn_closed');
    expect(late.body).toMatchObject({ error: { details: { turn: 1, due_at: time, phase: 'closed' } } });
    expect(refusalOf(await game.player(1).get('/orders'))).toBe('409 turn_closed');
    expect(refusalOf(await game.player(1).post('/orders/withdraw', { turn: 1 }))).toBe('409 turn_closed');
    expect(await stage.stored(game.gameId)).toEqual([{ seat: 1, turn: 1, ready: true, orders: { bid: 5 } }]);
    expect((await game.player(1).get('/turn')).body).toMatchObject({ status: 'closed', turn: 1 });
  });

  test('get their response within seconds of an engine that never plays the turn', async () => {
    const game = await stage.game({ seats: 1 });
    stage.engine.misbehaviour = (call) => call === turns;
    const before = performance.now();
    const reply = await game.player(1).post('/orders', bid(5, { ready: true }));
    expect(reply).toMatchObject({ status: 200, body: { turn_now: 1 } });
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  test('of a hundred seats that give them as the turn closes: each is stored and delivered, or refused', async () => {
    const game = await stage.game({ seats: 100, awaiting: Array.from({ length: 60 }, (_, at) => at + 1) });
    const replies = await Promise.all(
      game.users.map((user, at) => game.user(user).post('/orders', bid(at % 10, { ready: true }))),
    );
    const stored = replies.flatMap(({ status }, at) => (status === 200 ? [at + 1] : []));
    const refused = replies.filter(({ status }) => status !== 200);
    const [played] = stage.engine.played(game.gameId);
    expect(played?.orders).toEqual(
      stored.map((seat) => ({ seat, orders: { bid: (seat - 1) % 10 }, state: 'ready' })),
    );
    expect(stage.engine.played(game.gameId)).toHaveLength(1);
    expect(stored.length).toBeGreaterThanOrEqual(60);
    expect(new Set(refused.map(refusalOf))).toEqual(
      refused.length > 0 ? new Set(['409 turn_closed']) : new Set(),
    );
    expect(await stage.stored(game.gameId)).toEqual([]);
  });

  test('count exactly when they were stored before the time of the turn, whether or not a worker has come', async () => {
    const game = await stage.game({ seats: 100 });
    const replies = await Promise.all([
      ...game.users.map((user, at) => game.user(user).post('/orders', bid(at % 10))),
      game.set('due_at = clock_timestamp()'),
    ]);
    const stored = replies.flatMap((reply, at) => (reply?.status === 200 ? [at + 1] : []));
    const others = replies.flatMap((reply) => (reply && reply.status !== 200 ? [refusalOf(reply)] : []));
    expect(others.every((refusal) => refusal === '409 turn_closed')).toBe(true);
    expect(refusalOf(await game.player(1).post('/orders', bid(1)))).toBe('409 turn_closed');
    expect((await game.player(1).get('/turn')).body.status).toBe('closed');

    await stage.playDue(game.gameId);
    const given = stage.engine.played(game.gameId)[0]?.orders.filter(({ state }) => state !== 'missing');
    expect(given).toEqual(stored.map((seat) => ({ seat, orders: { bid: (seat - 1) % 10 }, state: 'draft' })));
  });
});

describe('orders that are refused leave everything as it was', () => {
  let game: PlayedGame;
  beforeAll(async () => {
    game = await stage.game({ seats: 2 });
    await game.player(1).post('/orders', bid(7));
  });

  const nested = (depth: number): unknown => (depth === 0 ? 1 : { deeper: nested(depth - 1) });
  test.each<[string, unknown, string]>([
    ['of turn 0', bid(1, { turn: 0 }), '400 invalid_request'],
    ['of a negative turn', bid(1, { turn: -1 }), '400 invalid_request'],
    ['of half a turn', bid(1, { turn: 1.5 }), '400 invalid_request'],
    ['of a turn beyond numbers', bid(1, { turn: 2 ** 40 }), '400 invalid_request'],
    ['of turns in an array', bid(1, { turn: [1] }), '400 invalid_request'],
    ['of no turn', { orders: { bid: 1 } }, '400 invalid_request'],
    ['of the next turn', bid(1, { turn: 2 }), '409 turn_closed'],
    ['of the last possible turn', bid(1, { turn: 2 ** 31 - 1 }), '409 turn_closed'],
    ['with a seat', bid(1, { seat: 2 }), '400 invalid_request'],
    ['as an array', { turn: 1, orders: [1] }, '400 invalid_request'],
    ['as a text', { turn: 1, orders: 'bid' }, '400 invalid_request'],
    ['that are absent', { turn: 1 }, '400 invalid_request'],
    ['with another readiness', bid(1, { ready: 'yes' }), '400 invalid_request'],
    ['nested deep', { turn: 1, orders: nested(51) }, '400 invalid_request'],
    [
      'nested as deep as the body allows',
      `{"turn":1,"orders":{"a":${'['.repeat(60_000)}${']'.repeat(60_000)}}}`,
      '400 invalid_request',
    ],
    ['that are no JSON', '{"turn":1,', '400 invalid_request'],
    ['that the engine does not allow', bid(10), '422 orders_invalid'],
    ['of 65 KiB', { turn: 1, orders: { bid: 1, more: 'x'.repeat(65 * 1024) } }, '413 orders_too_large'],
    ['of 129 KiB', { turn: 1, orders: { bid: 1, more: 'x'.repeat(129 * 1024) } }, '413 payload_too_large'],
    [
      'of 64 KiB that are not ASCII',
      { turn: 1, orders: { more: 'ü'.repeat(32 * 1024) } },
      '413 orders_too_large',
    ],
  ])('%s', async (_, body, refusal) => {
    const validated = stage.engine.validated.length;
    expect(refusalOf(await game.player(1).post('/orders', body))).toBe(refusal);
    expect(await stage.stored(game.gameId)).toEqual([{ seat: 1, turn: 1, ready: false, orders: { bid: 7 } }]);
    expect(stage.engine.validated.length - validated).toBe(refusal === '422 orders_invalid' ? 1 : 0);
  });

  test.each(['?seat=2', '?as=seat', '?for=seat:2', '?turn=1'])('with a query such as %s', async (query) => {
    expect(refusalOf(await game.player(1).post(`/orders${query}`, bid(1)))).toBe('400 invalid_request');
    expect(refusalOf(await game.player(1).post(`/orders/withdraw${query}`, { turn: 1 }))).toBe(
      '400 invalid_request',
    );
  });

  test('with the problems that the engine names', async () => {
    const { body } = await game.player(1).post('/orders', bid('much'));
    const problems = [{ path: '/bid', message: 'must be a number from 0 to 9' }];
    expect(body).toMatchObject({ error: { details: { problems } } });
  });

  test('as soon as all seats have more together than a turn may', async () => {
    const other = await stage.game({ seats: 2 });
    await other.set(`orders_bytes = ${8 * 1024 * 1024 - 5}`);
    expect(refusalOf(await other.player(1).post('/orders', bid(1)))).toBe('413 orders_too_large');
    expect(await stage.stored(other.gameId)).toEqual([]);
  });

  test('while the game is paused, is being set up, or has another runtime', async () => {
    const other = await stage.game({ seats: 2 });
    const lobbyGame = stage.lobby.games.get(other.gameId);
    const submit = async () => refusalOf(await other.player(1).post('/orders', bid(1)));
    await other.set(`status = 'paused', due_at = null`);
    expect(await submit()).toBe('409 game_not_running');
    expect((await other.player(1).get('/orders')).status).toBe(200);
    await other.set(`status = 'running', due_at = now() + interval '1 hour', phase = 'setting_up'`);
    expect(await submit()).toBe('409 game_not_running');
    expect(refusalOf(await other.player(1).get('/turn'))).toBe('409 game_not_running');
    await other.set(`phase = 'open', runtime_job_id = gen_random_uuid()`);
    expect(await submit()).toBe('409 game_not_running');
    await other.set(`runtime_job_id = '${lobbyGame?.runtimeJobId}'`);
    for (const status of ['paused', 'finished', 'cancelled', 'starting']) {
      stage.lobby.games.set(other.gameId, { ...(lobbyGame as NonNullable<typeof lobbyGame>), status });
      expect(await submit()).toBe('409 game_not_running');
    }
    expect(await stage.stored(other.gameId)).toEqual([]);
  });
});

describe('an engine that cannot say whether orders are valid', () => {
  test.each<[string, Misbehaviour]>([
    ...brokenResponses,
    ['says too much', (_, response) => Boolean(response.writeHead(200).end('x'.repeat(2 * 1024 * 1024)))],
    ['never responds', () => true],
  ])('%s', async (_, misbehaviour) => {
    const game = await stage.game({ seats: 1 });
    stage.engine.misbehaviour = (call, response, id) => call === validate && misbehaviour(call, response, id);
    expect(refusalOf(await game.player(1).post('/orders', bid(1)))).toBe('503 engine_unavailable');
    expect(await stage.stored(game.gameId)).toEqual([]);
  });

  test('is at another turn: the lobby hears that it has lost its state, once', async () => {
    const game = await stage.game({ seats: 1 });
    stage.engine.misbehaviour = (_, response) => Boolean(response.writeHead(409).end('{}'));
    for (let repeat = 0; repeat < 2; repeat++) {
      expect(refusalOf(await game.player(1).post('/orders', bid(1)))).toBe('503 engine_unavailable');
    }
    const { rows } = await stage.pool.query(
      `select payload ->> 'engine_health' as health from game_master.outbox where ordering_key = $1`,
      [game.gameId],
    );
    expect(rows).toEqual([{ health: 'state_lost' }]);
  });

  test('is at another turn since it has just played this one', async () => {
    const game = await stage.game({ seats: 1 });
    stage.engine.misbehaviour = async (_, response) => {
      await game.set('played_turn = 1');
      response.writeHead(409).end('{}');
      return true;
    };
    const reply = await game.player(1).post('/orders', bid(1));
    expect(refusalOf(reply)).toBe('409 turn_closed');
    expect(reply.body).toMatchObject({ error: { details: { turn: 2, phase: 'open' } } });
  });
});

test('nobody but their author sees orders before the turn is played', async () => {
  const secret = 'a0b1c2d3e4f5';
  const game = await stage.game({ seats: 2, spectators: true });
  // The engine repeats them in whatever it can.
  stage.engine.misbehaviour = (call, response) =>
    call === turns &&
    Boolean(response.writeHead(400).end(JSON.stringify({ error: { code: 'x', message: secret } })));
  await game.player(2).post('/orders', { turn: 1, orders: { bid: 1, secret }, ready: true });
  const owner = game.user(stage.lobby.games.get(game.gameId)?.ownerUserId ?? '');
  const readers = [game.player(1), game.user(stranger), owner, game.admin()];
  const seen: unknown[] = [];
  const readAll = async () => {
    for (const reader of readers) {
      for (const path of [
        '/turn',
        '/view',
        '/history',
        '/orders',
        '/orders?seat=2',
        '/view?as=seat',
        '/view?for=seat:2',
      ]) {
        seen.push(await reader.get(path));
      }
    }
  };
  await readAll();
  await game.player(1).post('/orders', bid(2, { ready: true }));
  await readAll();
  expect((await game.player(1).get('/turn')).body.status).toBe('closed');
  const { rows } = await stage.pool.query('select payload from game_master.outbox');
  const { rows: responses } = await stage.pool.query('select response from game_master.idempotency_keys');
  expect(JSON.stringify([seen, rows, responses, stage.logged])).not.toContain(secret);
  expect(refusalOf(await game.admin().get('/orders'))).toBe('404 not_found');
});
