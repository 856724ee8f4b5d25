// How operators have a turn played now, or later.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runTurnWorker } from '../../../lib/game-master/turns/turn-worker.ts';
import {
  createPlayStage,
  type PlayedGame,
  type PlayStage,
  refusalOf,
} from '../../support/game-master/play-stage.ts';

const patience = { timeout: 15_000, interval: 20 };

let stage: PlayStage;
beforeAll(async () => {
  stage = await createPlayStage();
});
afterAll(() => stage.close());

const hourMs = 3_600_000;
const why = { reason: 'the players asked for it' };
const play = (game: PlayedGame, body: object = { turn: 1, ...why }) => game.admin().post('/turn/play', body);
const delay = (game: PlayedGame, body: object) =>
  game.admin().post('/turn/delay', { turn: 1, ...why, ...body });
const dueAt = async ({ gameId }: PlayedGame) => ((await stage.row(gameId)).due_at as Date).getTime();
const reports = async ({ gameId }: PlayedGame) =>
  (await stage.messages(gameId)).filter(({ kind }) => kind === 'report').map(({ payload }) => payload);

async function withWorker<T>(work: () => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const options = { workerId: crypto.randomUUID(), engineCalls: 100, log: stage.gm.log };
  const running = runTurnWorker(stage.gm, options, stop.signal);
  return work().finally(() => {
    stop.abort();
    return running;
  });
}

describe('a turn that is to be played now', () => {
  test('is played with the orders that there are, and once', async () => {
    const game = await stage.game({ seats: 2 });
    await game.set('grace_seconds = 1800');
    await game.player(1).post('/orders', { turn: 1, orders: { bid: 3 } });
    const { status, body } = await play(game);
    expect(status).toBe(200);
    expect(body).toMatchObject({ game_id: game.gameId, turn: 1 });
    expect(Date.parse(String(body.closes_at)) - Date.parse(String(body.due_at))).toBe(1_800_000);
    // From now on nothing is taken, whether or not a worker has come.
    expect(refusalOf(await game.player(2).post('/orders', { turn: 1, orders: { bid: 4 } }))).toBe(
      '409 turn_closed',
    );
    expect((await reports(game)).at(-1)).toMatchObject({
      turn: 0,
      due_at_ms: Date.parse(String(body.due_at)),
    });
    await withWorker(() =>
      vi.waitFor(async () => expect((await stage.row(game.gameId)).played_turn).toBe(1), patience),
    );
    expect(stage.engine.played(game.gameId)).toMatchObject([
      {
        orders: [
          { seat: 1, orders: { bid: 3 }, state: 'draft' },
          { seat: 2, state: 'missing' },
        ],
      },
    ]);
    expect((await game.player(1).get('/history')).body).toMatchObject({
      items: [{ turn: 1, close_reason: 'due' }],
    });
    // A repeat is about the turn that was played, not about the next one.
    expect(refusalOf(await play(game))).toBe('409 turn_closed');
    expect((await stage.row(game.gameId)).played_turn).toBe(1);
  });

  test('is left to a worker that is at the game', async () => {
    const game = await stage.game({ seats: 2 });
    await game.set('claimed_by = gen_random_uuid(), claim_token = gen_random_uuid()');
    const before = await stage.row(game.gameId);
    expect((await play(game)).status).toBe(200);
    const { phase, claim_token } = await stage.row(game.gameId);
    expect({ phase, claim_token }).toEqual({ phase: 'open', claim_token: before.claim_token });
  });

  test('is refused while it is being played', async () => {
    const game = await stage.game({ seats: 2 });
    await game.set('due_at = now()');
    await stage.closeDue(game.gameId);
    const { status, body } = await play(game);
    expect({ status, body }).toMatchObject({
      status: 409,
      body: {
        error: {
          code: 'turn_closed',
          message: 'Turn 1 takes no more orders; it is being played.',
          details: { turn: 1, phase: 'closed' },
        },
      },
    });
  });

  test('is refused in a game that is paused, being set up, over or unknown', async () => {
    const game = await stage.game({ seats: 2 });
    await game.set(`status = 'paused', due_at = null, remaining_ms = 1000`);
    expect(refusalOf(await play(game))).toBe('409 game_not_running');
    await game.set(`status = 'running', phase = 'over'`);
    expect(refusalOf(await play(game))).toBe('409 game_not_running');
    const { gameId } = await stage.registered({ seats: 2, lastTurn: 3 });
    expect(refusalOf(await stage.admin(gameId).post('/turn/play', { turn: 1, ...why }))).toBe(
      '409 game_not_running',
    );
    const unknown = stage.admin('0198f3a0-0000-7000-8000-000000000001');
    expect(refusalOf(await unknown.post('/turn/play', { turn: 1, ...why }))).toBe('404 not_found');
  });

  test.each([
    ['without a reason', { turn: 1 }],
    ['with an empty reason', { turn: 1, reason: ' ' }],
    ['without the turn', why],
  ])('is refused %s, and nothing changes', async (_, body) => {
    const game = await stage.game({ seats: 2 });
    const before = await stage.row(game.gameId);
    expect(refusalOf(await play(game, body))).toBe('400 invalid_request');
    expect(await stage.row(game.gameId)).toEqual(before);
  });
});

describe('a turn that is delayed', () => {
  test('is due later, and takes orders until then', async () => {
    const game = await stage.game({ seats: 2 });
    const due = await dueAt(game);
    const { status, body } = await delay(game, { seconds: 7_200 });
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { turn: 1, due_at: new Date(due + 2 * hourMs).toISOString() },
    });
    expect(await dueAt(game)).toBe(due + 2 * hourMs);
    expect((await game.player(1).get('/turn')).body).toMatchObject({ status: 'open', due_at: body.due_at });
    expect((await reports(game)).at(-1)).toMatchObject({ due_at_ms: due + 2 * hourMs });
  });

  test('is not played at its earlier time, even if a worker has come for it', async () => {
    const game = await stage.game({ seats: 2 });
    await game.set(`grace_seconds = 600, due_at = now(), next_attempt_at = now()`);
    await delay(game, { seconds: 3_600 });
    await withWorker(() =>
      vi.waitFor(async () => {
        const { claimed_by, next_attempt_at, due_at } = await stage.row(game.gameId);
        expect({ claimed_by, next_attempt_at }).toEqual({ claimed_by: null, next_attempt_at: due_at });
      }, patience),
    );
    expect((await stage.row(game.gameId)).played_turn).toBe(0);
    expect(stage.engine.played(game.gameId)).toEqual([]);
  });

  test.each([59, 14 * 86_400 + 1, 1.5, -60, '3600'])('is refused by %s seconds', async (seconds) => {
    const game = await stage.game({ seats: 2 });
    const before = await stage.row(game.gameId);
    expect(refusalOf(await delay(game, { seconds }))).toBe('400 invalid_request');
    expect(await stage.row(game.gameId)).toEqual(before);
  });

  test('is not delayed again and again', async () => {
    const game = await stage.game({ seats: 2 });
    const most = { seconds: 14 * 86_400 };
    for (let times = 0; times < 4; times++) expect((await delay(game, most)).status).toBe(200);
    const due = await dueAt(game);
    const { status, body } = await delay(game, most);
    expect({ status, body }).toMatchObject({
      status: 400,
      body: { error: { details: { fields: [{ field: 'seconds' }] } } },
    });
    expect(await dueAt(game)).toBe(due);
  });

  test('is delayed once per idempotency key', async () => {
    const game = await stage.game({ seats: 2 });
    const due = await dueAt(game);
    const headers = { 'idempotency-key': crypto.randomUUID() };
    const body = { turn: 1, seconds: 3_600, ...why };
    const first = await game.admin().post('/turn/delay', body, headers);
    expect(await game.admin().post('/turn/delay', body, headers)).toEqual(first);
    expect(await dueAt(game)).toBe(due + hourMs);
  });
});
