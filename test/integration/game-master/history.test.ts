import { expect, test } from 'vitest';
import { playClosedTurn } from '../../../lib/game-master/turns/play-turn.ts';
import { refusalOf, stage, usePlayStage } from '../../support/game-master/play-stage.ts';

usePlayStage();

const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

test('a turn says whose orders it had, and why it closed; one that is closed is not there until it is played', async () => {
  const game = await stage.game({ seats: 4, awaiting: [1, 2] });
  await stage.pool.query('update game_master.seats set user_id = null where game_id = $1 and seat = 4', [
    game.gameId,
  ]);
  stage.engine.misbehaviour = (call, response) =>
    call.endsWith('/turns') && Boolean(response.writeHead(500).end());
  await game.player(3).post('/orders', { turn: 1, orders: { bid: 1 } });
  await game.player(2).post('/orders', { turn: 1, orders: { bid: 1 }, ready: true });
  expect((await game.player(1).get('/turn')).body).toEqual({
    game_id: game.gameId,
    turn: 1,
    status: 'open',
    opened_at: time,
    due_at: time,
    closes_at: time,
    due_reason: 'turn_seconds',
    awaiting: [1, 2],
    ready: [2],
    your_seat: 1,
    your_orders: 'none',
    played_turn: 0,
    turn_order: 'simultaneous',
    result: null,
  });
  await game.player(1).post('/orders', { turn: 1, orders: { bid: 1 }, ready: true });
  expect((await game.player(1).get('/history')).body).toEqual({ items: [] });
  expect((await game.player(3).get('/turn')).body).toMatchObject({
    status: 'closed',
    ready: [1, 2],
    your_orders: 'draft',
  });

  stage.engine.misbehaviour = () => false;
  expect(await playClosedTurn(stage.gm, game.gameId, { timeoutMs: 5_000 })).toBe('played');
  expect((await game.player(1).get('/history')).body).toEqual({
    items: [
      {
        turn: 1,
        opened_at: time,
        due_at: time,
        closed_at: time,
        close_reason: 'all_ready',
        played_at: time,
        seats: [
          { seat: 1, state: 'ready' },
          { seat: 2, state: 'ready' },
          { seat: 3, state: 'draft' },
          { seat: 4, state: 'not_awaited' },
        ],
      },
    ],
  });
});

test('turns come in pages, the last one first, and pages stay as they are while turns are played', async () => {
  const game = await stage.game({ seats: 1 });
  const play = async (turn: number) =>
    game.player(1).post('/orders', { turn, orders: { bid: 1 }, ready: true });
  for (let turn = 1; turn <= 5; turn++) await play(turn);
  const page = async (query: string) => {
    const { body } = await game.player(1).get(`/history?page_size=2${query}`);
    return {
      turns: (body.items as { turn: number }[]).map(({ turn }) => turn),
      next: body.next_page_token as string | undefined,
    };
  };
  const first = await page('');
  expect(first.turns).toEqual([5, 4]);
  await play(6);
  const second = await page(`&page_token=${first.next}`);
  expect(second.turns).toEqual([3, 2]);
  expect(await page(`&page_token=${second.next}`)).toEqual({ turns: [1], next: undefined });
});

test('a page of a game with as many seats as there can be is one that the gateway takes', async () => {
  const game = await stage.game({ seats: 1 });
  await stage.pool.query(
    `insert into game_master.seats (game_id, seat, user_id, label)
       select $1, seat, gen_random_uuid(), 'Race' from generate_series(2, 1100) seat`,
    [game.gameId],
  );
  await stage.pool.query(
    `insert into game_master.turns (game_id, turn, opened_at, closed_at, close_reason, played_at, outcomes)
       select $1, turn, now(), now(), 'due', now(), (select jsonb_agg(jsonb_build_object('seat', seat, 'state',
         'not_awaited') order by seat) from generate_series(1, 1100) seat) from generate_series(1, 20) turn`,
    [game.gameId],
  );
  const seen: number[] = [];
  let token: unknown = '';
  for (let pages = 0; token !== undefined && pages < 20; pages++) {
    const { body } = await game.player(1).get(`/history?page_size=200${token && `&page_token=${token}`}`);
    expect(JSON.stringify(body).length).toBeLessThan(512 * 1024);
    seen.push(...(body.items as { turn: number }[]).map(({ turn }) => turn));
    token = body.next_page_token;
  }
  expect(seen).toEqual(Array.from({ length: 20 }, (_, at) => 20 - at));
});

test('pages that are none are refused', async () => {
  const game = await stage.game({ seats: 1 });
  const made = (position: unknown) => Buffer.from(JSON.stringify(position)).toString('base64url');
  for (const query of [
    '?page_size=0',
    '?page_size=201',
    '?page_size=-1',
    '?page_size=1&page_size=2',
    '?page_token=x',
    `?page_token=${made(['history', -1])}`,
    `?page_token=${made(['history', 2 ** 31])}`,
    `?page_token=${made(['timeline', 1])}`,
    '?turn=1',
  ]) {
    expect(refusalOf(await game.player(1).get(`/history${query}`))).toBe('400 invalid_request');
  }
});
