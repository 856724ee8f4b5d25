// What a turn worker does for a game: set-up, closing, playing, failures, vacancies, the end.
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { applyGameChange } from '../../../lib/game-master/operations/apply-game-change.ts';
import { failuresUntilNotice } from '../../../lib/game-master/turns/attend-game.ts';
import { runTurnWorker } from '../../../lib/game-master/turns/turn-worker.ts';
import { inTransaction } from '../../../lib/postgres/transaction.ts';
import { manifest } from '../../support/game-master/bid-engine.ts';
import { stage, usePlayStage } from '../../support/game-master/play-stage.ts';

const patience = { timeout: 15_000, interval: 20 };

usePlayStage({ engineTimeoutMs: 3_000 });

const stop = new AbortController();
let working: Promise<void>;
beforeAll(() => {
  working = runTurnWorker(
    stage.gm,
    { workerId: stage.gm.newId(), engineCalls: 20, log: stage.gm.log },
    stop.signal,
  );
});
afterAll(async () => {
  stop.abort();
  await working;
});

const untilRow = (gameId: string, columns: object) =>
  vi.waitFor(async () => {
    const row = await stage.row(gameId);
    expect(row).toMatchObject(columns);
    return row;
  }, patience);
const untilOpen = (gameId: string, turn: number) =>
  untilRow(gameId, { phase: 'open', played_turn: turn - 1, claimed_by: null });
const makeDue = (gameId: string) =>
  stage.pool.query(
    'update game_master.games set due_at = clock_timestamp(), next_attempt_at = clock_timestamp() where game_id = $1',
    [gameId],
  );
const tryNow = (gameId: string) =>
  stage.pool.query('update game_master.games set next_attempt_at = now() where game_id = $1', [gameId]);
const intentsOf = async (gameId: string, type: string) =>
  (await stage.messages(gameId)).flatMap(({ payload }) =>
    payload.notification_type === type ? [payload] : [],
  );
const reportsOf = async (gameId: string) =>
  (await stage.messages(gameId)).flatMap(({ kind, payload }) => (kind === 'report' ? [payload] : []));

async function opened(settings: { seats: number; lastTurn?: number }) {
  const game = await stage.registered({ lastTurn: 100, ...settings });
  await untilOpen(game.gameId, 1);
  return game;
}

describe('a game', () => {
  it('is set up with its seats, bots and a seed of its own, and its first turn is due from then', async () => {
    const { gameId, users } = await stage.registered({ seats: 2, lastTurn: 9, options: { bots: 1 } });
    const row = await untilOpen(gameId, 1);
    expect(stage.engine.setupOf(gameId)).toEqual({
      game_id: gameId,
      seed: (row.seed as Buffer).toString('hex'),
      seats: [
        { seat: 1, label: 'Race 1', bot: false },
        { seat: 2, label: 'Race 2', bot: false },
        { seat: 3, label: 'Bot 1', bot: true },
      ],
      options: { bots: 1 },
    });
    expect((row.due_at as Date).getTime() - (row.opened_at as Date).getTime()).toBe(3_600_000);
    expect(await reportsOf(gameId)).toMatchObject([
      {
        report_seq: 1,
        turn: 0,
        awaited_seats: [1, 2],
        due_at_ms: (row.due_at as Date).getTime(),
        player_stats: users.map((user_id) => ({ user_id, planets: 1 })),
      },
    ]);
  });

  it('goes on with later reports than the lobby knows, also when its set-up fails', async () => {
    stage.engine.misbehaviour = (call, response) => call === 'PUT /api/v1/game' && respond(response, 500, {});
    const { gameId } = await stage.registered({ seats: 2, lastTurn: 9, reportSeq: 41 });
    await untilRow(gameId, { engine_health: 'faulty', claimed_by: null });
    stage.engine.misbehaviour = () => false;
    await tryNow(gameId);
    await untilOpen(gameId, 1);
    await makeDue(gameId);
    await untilOpen(gameId, 2);
    expect(
      (await reportsOf(gameId)).map(({ report_seq, turn, engine_health }) => [
        report_seq,
        turn,
        engine_health,
      ]),
    ).toEqual([
      [42, 0, 'faulty'],
      [43, 0, 'ok'],
      [44, 1, 'ok'],
    ]);
  });

  it('is left to an admin when its engine speaks version 1', async () => {
    stage.engine.misbehaviour = (_, response) => respond(response, 404, {});
    const { gameId } = await stage.registered({ seats: 2, lastTurn: 9 });
    await untilRow(gameId, { engine_health: 'unsupported', next_attempt_at: null, claimed_by: null });
    expect(await reportsOf(gameId)).toMatchObject([{ turn: 0, engine_health: 'unsupported' }]);
    expect(stage.engine.setupOf(gameId)).toBeUndefined();
  });

  it.each([
    ['is what the catalogue says', '1.4.0', 'open', 'ok'],
    ['is another version than the game was made for', '2.0.0', 'setting_up', 'faulty'],
    ['is not in the catalogue', '3.0.0', 'setting_up', 'faulty'],
  ])('whose engine %s is %s: %s, %s', async (_, version, phase, engine_health) => {
    const engine = { engine_family: 'test-game', target_engine_version: version };
    const { gameId } = await stage.registered({ seats: 2, lastTurn: 9, engine });
    await untilRow(gameId, { phase, engine_health, claimed_by: null });
    expect(stage.engine.setupOf(gameId) === undefined).toBe(phase === 'setting_up');
  });

  it('is not set up by an engine that says something else of itself than the catalogue', async () => {
    stage.engine.misbehaviour = (call, response) =>
      call === 'GET /api/v1/manifest' &&
      respond(response, 200, { ...manifest, seats: { ...manifest.seats, min: 2 } });
    const engine = { engine_family: manifest.family, target_engine_version: manifest.version };
    const { gameId } = await stage.registered({ seats: 2, lastTurn: 9, engine });
    await untilRow(gameId, { phase: 'setting_up', engine_health: 'faulty', claimed_by: null });
    expect(stage.engine.setupOf(gameId)).toBeUndefined();
    stage.engine.misbehaviour = () => false;
    await tryNow(gameId);
    await untilOpen(gameId, 1);
  });

  it('closes when it is due: its engine gets what each seat has, and everybody hears of the turn', async () => {
    const { gameId, users } = await opened({ seats: 3 });
    const [first, second] = users.map((userId) => stage.player(gameId, userId));
    await first?.post('/orders', { turn: 1, orders: { bid: 3 } });
    await second?.post('/orders', { turn: 1, orders: { bid: 5 }, ready: true });
    await makeDue(gameId);
    await untilOpen(gameId, 2);
    expect(stage.engine.played(gameId)).toEqual([
      {
        turn: 1,
        orders: [
          { seat: 1, orders: { bid: 3 }, state: 'draft' },
          { seat: 2, orders: { bid: 5 }, state: 'ready' },
          { seat: 3, orders: null, state: 'missing' },
        ],
      },
    ]);
    expect(await stage.stored(gameId)).toEqual([]);
    const due_at = ((await stage.row(gameId)).due_at as Date).toISOString();
    expect(await intentsOf(gameId, 'lobby.game.turn_advanced')).toMatchObject([
      { recipient_user_ids: users, payload: { game_id: gameId, turn: 1, awaited: true, due_at } },
    ]);
    expect(await intentsOf(gameId, 'game.engine.event')).toMatchObject([
      { recipient_user_ids: users, payload: { turn: 1, type: 'bids.shown', payload: { turn: 1 } } },
    ]);
    expect((await reportsOf(gameId)).at(-1)).toMatchObject({
      turn: 1,
      awaited_seats: [1, 2, 3],
      ready_seats: [],
    });
  });

  it('ends with its result and the final view of every seat and of spectators', async () => {
    const { gameId } = await opened({ seats: 2, lastTurn: 1 });
    await makeDue(gameId);
    await untilRow(gameId, { phase: 'over', played_turn: 1, due_at: null, next_attempt_at: null });
    const { rows } = await stage.pool.query(
      'select audience, view from game_master.final_views where game_id = $1 order by audience',
      [gameId],
    );
    expect(rows).toEqual(
      ['seat:1', 'seat:2', 'spectator'].map((audience) => ({
        audience,
        view: { for: audience, turn: 1, bids: [[null, null]] },
      })),
    );
    expect((await reportsOf(gameId)).at(-1)).toMatchObject({
      event_type: 'game_finished',
      result: {
        kind: 'finished',
        placements: [
          { seat: 1, rank: 1 },
          { seat: 2, rank: 2 },
        ],
      },
    });
  });

  it.each([
    ['pauses', 'paused'],
    ['is not noted down as running yet', 'starting'],
  ])('is not closed while the lobby says that it %s', async (_, status) => {
    const { gameId } = await opened({ seats: 2 });
    const game = stage.lobby.games.get(gameId);
    if (game === undefined) throw new Error('the lobby knows the game');
    game.status = status;
    await makeDue(gameId);
    await vi.waitFor(async () => {
      const { next_attempt_at: next, claimed_by: claim } = await stage.row(gameId);
      expect(claim).toBeNull();
      expect((next as Date).getTime()).toBeGreaterThan(Date.now());
    }, patience);
    expect(await stage.row(gameId)).toMatchObject({ phase: 'open', played_turn: 0 });
    game.status = 'running';
    await tryNow(gameId);
    await untilOpen(gameId, 2);
  });

  it('is not closed while the lobby cannot be asked, and played on when it can', async () => {
    const { gameId } = await opened({ seats: 2 });
    stage.lobby.failure = (response) => void response.writeHead(503).end();
    await makeDue(gameId);
    await vi.waitFor(() => expect(stage.logged.join('')).toContain('the lobby cannot be asked'), patience);
    expect(await stage.row(gameId)).toMatchObject({ phase: 'open', played_turn: 0, engine_health: 'ok' });
    stage.lobby.failure = undefined;
    await untilOpen(gameId, 2);
  });

  it('is left when the lobby says that another runtime plays it', async () => {
    const { gameId } = await opened({ seats: 2 });
    const game = stage.lobby.games.get(gameId);
    if (game !== undefined) game.runtimeJobId = stage.gm.newId();
    await makeDue(gameId);
    await untilRow(gameId, { phase: 'over', status: 'cancelled', next_attempt_at: null });
    expect(stage.engine.played(gameId)).toEqual([]);
  });
});

// They wait for the turn worker most of the time.
describe.concurrent('an engine', () => {
  const state = (changes: object) => ({
    game_id: '',
    turn: 1,
    status: 'running',
    awaiting: [1],
    alive: [1, 2],
    stats: [1, 2].map((seat) => ({ seat, planets: 1, population: 1, ships_built: 0 })),
    events: [],
    ...changes,
  });
  const misbehaviours: [string, string, (response: ServerResponse, gameId: string) => boolean][] = [
    ['that does not respond', 'unreachable', () => true],
    ['that ends the connection', 'unreachable', (response) => Boolean(response.destroy())],
    ['that responds with a fault', 'faulty', (response) => respond(response, 500, {})],
    ['that responds with garbage', 'faulty', (response) => respond(response, 200, 'no state')],
    [
      'that redirects',
      'faulty',
      (response) => Boolean(response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()),
    ],
    [
      'that sends 100 MB',
      'faulty',
      (response) => {
        const chunk = Buffer.alloc(1_000_000, 'x');
        response.writeHead(200, { 'content-type': 'application/json' });
        for (let sent = 0; sent < 100; sent++) response.write(chunk);
        return true;
      },
    ],
    [
      'that plays another game',
      'faulty',
      (response) => respond(response, 200, state({ game_id: '0198c5a0-7d3e-7c50-8f0e-3f0f5d1f9a11' })),
    ],
    [
      'that names a seat of no game',
      'faulty',
      (response, game_id) => respond(response, 200, state({ game_id, awaiting: [7] })),
    ],
    [
      'that leaves a player out of its statistics',
      'faulty',
      (response, game_id) => respond(response, 200, state({ game_id, stats: [] })),
    ],
    [
      'that leaves a player out of its result',
      'faulty',
      (response, game_id) => {
        const result = { kind: 'finished', placements: [{ seat: 1, rank: 1 }] };
        return respond(response, 200, state({ game_id, status: 'finished', awaiting: [], result }));
      },
    ],
    [
      'that waits for nobody and goes on',
      'faulty',
      (response, game_id) => respond(response, 200, state({ game_id, awaiting: [] })),
    ],
    [
      'that plays another turn',
      'faulty',
      (response, game_id) => respond(response, 200, state({ game_id, turn: 2 })),
    ],
    ['that has lost its game', 'state_lost', (response) => respond(response, 404, {})],
    ['that knows other orders', 'state_lost', (response) => respond(response, 409, {})],
  ];

  it.each(misbehaviours)(
    '%s is %s, is asked for the same turn again, and recovers',
    async (_, health, misbehave) => {
      const { gameId, users } = await opened({ seats: 2 });
      await stage.player(gameId, users[0] ?? '').post('/orders', { turn: 1, orders: { bid: 4 } });
      const { misbehaviours } = stage.engine;
      misbehaviours.set(
        gameId,
        (call, response) => call === 'POST /api/v1/game/turns' && misbehave(response, gameId),
      );
      await makeDue(gameId);
      const failed = await untilRow(gameId, {
        engine_health: health,
        phase: 'closed',
        failures: 1,
        claimed_by: null,
      });
      expect((failed.next_attempt_at as Date).getTime()).toBeGreaterThan(
        (failed.closed_at as Date).getTime(),
      );
      const late = { turn: 1, orders: { bid: 9 } };
      expect(await stage.player(gameId, users[1] ?? '').post('/orders', late)).toMatchObject({
        status: 409,
        body: { error: { code: 'turn_closed' } },
      });
      await tryNow(gameId);
      await untilRow(gameId, { failures: 2, claimed_by: null });
      misbehaviours.delete(gameId);
      await tryNow(gameId);
      await untilOpen(gameId, 2);
      expect(await stage.row(gameId)).toMatchObject({ engine_health: 'ok', failures: 0 });
      expect(stage.engine.played(gameId)).toMatchObject([
        { orders: [{ orders: { bid: 4 }, state: 'draft' }, { state: 'missing' }] },
      ]);
      expect((await reportsOf(gameId)).map(({ turn, engine_health }) => [turn, engine_health])).toEqual([
        [0, 'ok'],
        [0, health],
        [1, 'ok'],
      ]);
    },
  );
});

it('an engine that leaves a player out is faulty, and the field is named in the log and to operators', async () => {
  const { gameId } = await opened({ seats: 2 });
  const stats = [{ seat: 2, planets: 1, population: 1, ships_built: 0 }];
  const wrong = { game_id: gameId, turn: 1, status: 'running', awaiting: [1], alive: [1, 2], stats };
  stage.engine.misbehaviours.set(
    gameId,
    (call, response) =>
      call === 'POST /api/v1/game/turns' && respond(response, 200, { ...wrong, events: [] }),
  );
  await makeDue(gameId);
  await untilRow(gameId, { engine_health: 'faulty', failures: 1, claimed_by: null });
  const problem = 'the engine leaves out seat 1 in stats';
  expect(stage.logged.find((line) => line.includes(gameId) && line.includes(problem))).toBeDefined();
  const engine = () => stage.admin(gameId).get('/engine');
  expect(await engine()).toMatchObject({
    status: 200,
    body: { game_id: gameId, phase: 'closed', played_turn: 0, engine_health: 'faulty', problem, failures: 1 },
  });
  stage.engine.misbehaviours.delete(gameId);
  await tryNow(gameId);
  await untilOpen(gameId, 2);
  expect(await engine()).toMatchObject({ body: { engine_health: 'ok', problem: null, failures: 0 } });
});

it('an engine that goes on failing for a minute is told to the owner and to operators, once for a turn', async () => {
  const { gameId, users } = await opened({ seats: 2 });
  stage.engine.misbehaviours.set(gameId, (_, response) => respond(response, 500, {}));
  await makeDue(gameId);
  await untilRow(gameId, { failures: 1, claimed_by: null });
  expect(await intentsOf(gameId, 'game.engine.failing')).toEqual([]);
  for (const failures of [failuresUntilNotice, failuresUntilNotice + 1]) {
    await stage.pool.query(
      'update game_master.games set failures = $2, next_attempt_at = now() where game_id = $1',
      [gameId, failures - 1],
    );
    await untilRow(gameId, { failures, claimed_by: null });
  }
  stage.engine.misbehaviours.delete(gameId);
  expect(await intentsOf(gameId, 'game.engine.failing')).toMatchObject([
    { recipient_user_ids: [users[0]], payload: { turn: 1, engine_health: 'faulty' } },
  ]);
  expect(stage.logged.join('')).toContain('the engine of a game keeps failing');
});

describe('a seat whose holder leaves', () => {
  const leave = (gameId: string, seat: number) => {
    const game = stage.lobby.games.get(gameId);
    for (const [userId, held] of game?.seats ?? []) if (held === seat) game?.seats.delete(userId);
    return inTransaction(stage.gm.db, (tx) =>
      applyGameChange(tx, stage.gm, {
        change_id: stage.gm.newId(),
        kind: 'seat_vacated',
        game_id: gameId,
        runtime_job_id: game?.runtimeJobId ?? '',
        revision: 9,
        seat,
        occurred_at_ms: Date.now(),
      }),
    );
  };

  const decide = (gameId: string, status: 'paused' | 'running', revision: number) => {
    const game = stage.lobby.games.get(gameId);
    if (game !== undefined) game.status = status;
    return inTransaction(stage.gm.db, (tx) =>
      applyGameChange(tx, stage.gm, {
        change_id: stage.gm.newId(),
        kind: 'status',
        game_id: gameId,
        runtime_job_id: game?.runtimeJobId ?? '',
        revision,
        status,
        occurred_at_ms: Date.now(),
      }),
    );
  };

  it('loses its orders, is told to the engine, and is not waited for', async () => {
    const { gameId, users } = await opened({ seats: 3 });
    const [first, second, third] = users.map((userId) => stage.player(gameId, userId));
    await first?.post('/orders', { turn: 1, orders: { bid: 1 }, ready: true });
    await second?.post('/orders', { turn: 1, orders: { bid: 2 } });
    await leave(gameId, 2);
    await vi.waitFor(() => expect(stage.engine.vacantSeats(gameId)).toEqual([2]), patience);
    await untilOpen(gameId, 1);
    expect(await stage.stored(gameId)).toMatchObject([{ seat: 1 }]);
    const closed = await third?.post('/orders', { turn: 1, orders: { bid: 3 }, ready: true });
    expect(closed?.body).toMatchObject({ turn_now: 2 });
    expect(stage.engine.played(gameId)).toMatchObject([
      { orders: [{ state: 'ready' }, { seat: 2, orders: null, state: 'vacant' }, { state: 'ready' }] },
    ]);
  });

  it('closes the turn if everybody else was ready', async () => {
    const { gameId, users } = await opened({ seats: 2 });
    await stage.player(gameId, users[0] ?? '').post('/orders', { turn: 1, orders: { bid: 1 }, ready: true });
    await leave(gameId, 2);
    await untilOpen(gameId, 2);
    expect(stage.engine.vacantSeats(gameId)).toEqual([2]);
  });

  it('closes the turn if everybody else was ready and its game was paused then, once it is resumed', async () => {
    const { gameId, users } = await opened({ seats: 2 });
    await stage.player(gameId, users[0] ?? '').post('/orders', { turn: 1, orders: { bid: 1 }, ready: true });
    await decide(gameId, 'paused', 10);
    await leave(gameId, 2);
    await vi.waitFor(() => expect(stage.engine.vacantSeats(gameId)).toEqual([2]), patience);
    await untilRow(gameId, { claimed_by: null, next_attempt_at: null, played_turn: 0 });
    await decide(gameId, 'running', 11);
    await untilOpen(gameId, 2);
  });

  it('changes nothing of a turn that is closed, and counts from the next one', async () => {
    const { gameId } = await opened({ seats: 2 });
    let held: (() => void) | undefined;
    const entered = Promise.withResolvers<void>();
    stage.engine.misbehaviour = async (call, _, id) => {
      if (id !== gameId || call !== 'POST /api/v1/game/turns') return false;
      entered.resolve();
      await new Promise<void>((resolve) => {
        held = resolve;
      });
      return false;
    };
    await makeDue(gameId);
    await entered.promise;
    await leave(gameId, 2);
    expect(stage.engine.vacantSeats(gameId)).toEqual([]);
    stage.engine.misbehaviour = () => false;
    held?.();
    await vi.waitFor(() => expect(stage.engine.vacantSeats(gameId)).toEqual([2]), patience);
    expect(stage.engine.played(gameId)[0]?.orders).toMatchObject([
      { state: 'missing' },
      { state: 'missing' },
    ]);
    await untilOpen(gameId, 2);
    await makeDue(gameId);
    await untilOpen(gameId, 3);
    expect(stage.engine.played(gameId)[1]?.orders).toMatchObject([{ state: 'missing' }, { state: 'vacant' }]);
  });
});

function respond(response: ServerResponse, status: number, body: unknown): true {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  return true;
}
