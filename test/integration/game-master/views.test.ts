import { describe, expect, test } from 'vitest';
import { brokenResponses, type Misbehaviour } from '../../support/game-master/bid-engine.ts';
import {
  type PlayedGame,
  refusalOf,
  stage,
  stranger,
  usePlayStage,
} from '../../support/game-master/play-stage.ts';

usePlayStage();

const view = 'GET /api/v1/game/view';

/** All seats bid their number. */
async function play(game: PlayedGame, turn: number): Promise<void> {
  for (const seat of game.users.keys()) {
    const body = { turn, orders: { bid: seat + 1 }, ready: true };
    const reply = await game.player(seat + 1).post('/orders', body);
    if (reply.status !== 200) throw new Error(JSON.stringify(reply));
  }
}

describe('the view of a seat', () => {
  test('is that after the last turn that was played, or after an earlier one', async () => {
    const game = await stage.game({ seats: 2 });
    const see = async (query: string) => (await game.player(2).get(`/view${query}`)).body;
    expect(await see('')).toEqual({
      game_id: game.gameId,
      turn: 0,
      audience: 'seat:2',
      view: { for: 'seat:2', turn: 0, bids: [] },
    });
    await play(game, 1);
    await play(game, 2);
    expect(await see('')).toMatchObject({
      turn: 2,
      view: {
        turn: 2,
        bids: [
          [{ bid: 1 }, { bid: 2 }],
          [{}, {}],
        ],
      },
    });
    expect(await see('?turn=1&as=seat')).toMatchObject({ turn: 1, audience: 'seat:2', view: { turn: 1 } });
  });

  test('is never that after a turn that was not committed, even if the engine has played it', async () => {
    const game = await stage.game({ seats: 1 });
    await play(game, 1);
    await game.set('played_turn = 0');
    const reply = await game.player(1).get('/view?turn=1');
    expect(refusalOf(reply)).toBe('400 invalid_request');
    expect(reply.body).toMatchObject({ error: { details: { fields: [{ field: 'turn' }] } } });
    expect((await game.player(1).get('/view')).body).toMatchObject({ turn: 0, view: { bids: [] } });
  });

  test.each([
    '?as=seat:2',
    '?as=2',
    '?as=',
    '?as=seat&as=seat:2',
    '?seat=2',
    '?for=seat:2',
    '?audience=seat:2',
    '?turn=-1',
    '?turn=1.0',
    '?turn=0x0',
    '?turn=',
    '?turn=0&turn=0',
    '?turn[]=0',
    '?turn=0%26for=seat:2',
    '?turn=9999999999',
    '?turn=999999999',
  ])('of others is not had by %s', async (query) => {
    const game = await stage.game({ seats: 2 });
    const before = stage.engine.calls.length;
    expect(refusalOf(await game.player(1).get(`/view${query}`))).toBe('400 invalid_request');
    expect(stage.engine.calls.length).toBe(before);
  });

  test('is not for those who hold none', async () => {
    const game = await stage.game({ seats: 2, spectators: true });
    expect(refusalOf(await game.user(stranger).get('/view?as=seat'))).toBe('403 forbidden');
    expect(refusalOf(await game.admin().get('/view?as=seat'))).toBe('403 forbidden');
  });
});

describe('the view of spectators', () => {
  test('is for those who hold no seat', async () => {
    const game = await stage.game({ seats: 2, spectators: true });
    for (const query of ['', '?as=spectator', '?turn=0']) {
      const { status, body } = await game.user(stranger).get(`/view${query}`);
      expect([status, body.audience, body.view]).toEqual([
        200,
        'spectator',
        { for: 'spectator', turn: 0, bids: [] },
      ]);
    }
    expect(refusalOf(await game.player(1).get('/view?as=spectator'))).toBe('403 forbidden');
  });

  test('needs a game that allows it, except for admins, and an engine that has one', async () => {
    const closed = await stage.game({ seats: 1, spectators: false });
    expect(refusalOf(await closed.user(stranger).get('/view'))).toBe('403 forbidden');
    expect((await closed.admin().get('/view')).body).toMatchObject({ audience: 'spectator' });
    const without = await stage.game({ seats: 1, spectators: true, spectatorView: false });
    expect(refusalOf(await without.user(stranger).get('/view'))).toBe('403 forbidden');
    expect(refusalOf(await without.admin().get('/view'))).toBe('403 forbidden');
  });
});

describe('an engine that makes no view', () => {
  test.each<[string, Misbehaviour]>([
    ...brokenResponses,
    ['has forgotten the turn', (_, response) => Boolean(response.writeHead(404).end('{}'))],
    [
      'redirects to another seat',
      (_, response) => Boolean(response.writeHead(307, { location: '?for=seat:2' }).end()),
    ],
    [
      'makes one of 257 KiB',
      (_, response) => Boolean(response.writeHead(200).end(`"${'x'.repeat(257 * 1024)}"`)),
    ],
    [
      'nests it too deep',
      (_, response) => Boolean(response.writeHead(200).end(`${'['.repeat(9_000)}${']'.repeat(9_000)}`)),
    ],
  ])('%s', async (_, misbehaviour) => {
    const game = await stage.game({ seats: 1 });
    stage.engine.misbehaviour = (call, response, id) => call === view && misbehaviour(call, response, id);
    expect(refusalOf(await game.player(1).get('/view'))).toBe('503 engine_unavailable');
  });
});

describe('after the end of a game', () => {
  test('only views after the last turn are kept, of every seat and of spectators, without the engine', async () => {
    const game = await stage.game({ seats: 2, spectators: true, lastTurn: 2 });
    await play(game, 1);
    await play(game, 2);
    stage.engine.misbehaviour = (_, response) => Boolean(response.destroy());
    const calls = stage.engine.calls.length;
    for (const seat of [1, 2]) {
      for (const query of ['', '?turn=2']) {
        const { status, body } = await game.player(seat).get(`/view${query}`);
        expect([status, body]).toMatchObject([
          200,
          { turn: 2, audience: `seat:${seat}`, view: { for: `seat:${seat}`, turn: 2 } },
        ]);
      }
    }
    for (const reader of [game.user(stranger), game.admin()]) {
      expect((await reader.get('/view')).body).toMatchObject({
        turn: 2,
        view: { for: 'spectator', turn: 2 },
      });
    }
    const gone = await game.player(1).get('/view?turn=1');
    expect(refusalOf(gone)).toBe('410 view_gone');
    expect(gone.body).toMatchObject({ error: { details: { played_turn: 2 } } });
    expect(refusalOf(await game.player(1).get('/view?turn=3'))).toBe('400 invalid_request');
    expect(stage.engine.calls.length).toBe(calls);
    expect((await game.player(1).get('/turn')).body).toMatchObject({
      turn: 2,
      status: 'finished',
      opened_at: null,
      due_at: null,
      awaiting: [],
      your_seat: 1,
      your_orders: null,
      result: {
        kind: 'finished',
        placements: [
          { seat: 1, rank: 1 },
          { seat: 2, rank: 2 },
        ],
      },
    });
  });

  test('a view that its engine was asked for as the game ended is the stored one', async () => {
    const game = await stage.game({ seats: 1, lastTurn: 1 });
    stage.engine.misbehaviour = async (call, response) => {
      if (call !== view) return false;
      stage.engine.misbehaviour = () => false;
      await play(game, 1);
      response.destroy();
      return true;
    };
    expect(refusalOf(await game.player(1).get('/view?turn=0'))).toBe('410 view_gone');
    expect((await game.player(1).get('/view')).body).toMatchObject({
      turn: 1,
      view: { bids: [[{ bid: 1 }]] },
    });
  });

  test('that was cancelled none is kept, not even one that was stored of a turn that was not committed', async () => {
    const game = await stage.game({ seats: 1, lastTurn: 1 });
    let views = 0;
    stage.engine.misbehaviour = (call, response) =>
      call === view && ++views > 1 && Boolean(response.writeHead(500).end());
    await play(game, 1);
    const { rows } = await stage.pool.query('select 1 from game_master.final_views where game_id = $1', [
      game.gameId,
    ]);
    expect(rows).toHaveLength(1);
    const lobbyGame = stage.lobby.games.get(game.gameId);
    if (lobbyGame !== undefined) lobbyGame.status = 'cancelled';
    expect(refusalOf(await game.player(1).get('/view'))).toBe('410 view_gone');
    await game.set(`phase = 'over', close_reason = null, status = 'cancelled'`);
    expect(refusalOf(await game.player(1).get('/view'))).toBe('410 view_gone');
    expect((await game.player(1).get('/turn')).body).toMatchObject({
      status: 'cancelled',
      turn: 0,
      result: null,
    });
  });
});
