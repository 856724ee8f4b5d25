// By which clock a game is played, and what else it is set up with: as it is made, changed, opened and shown.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lockAnyGame, saveSnapshot } from '../../../lib/lobby/store/games.ts';
import {
  column,
  field,
  gameBody,
  invalidFields,
  makeDraft,
  makeOpenGame,
  refusal,
} from '../../support/lobby/games.ts';
import { createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';

const quarterHour = 900_000;
let lobby: TestLobby;
beforeAll(async () => {
  lobby = await createTestLobby({ minTurnIntervalMs: quarterHour });
});
afterAll(() => lobby.close());

const { turn_schedule: _, ...unclocked } = gameBody;
const rolling = { ...unclocked, turn_seconds: 3_600 };

describe('a game', () => {
  test('by a schedule waits for it, and has neither bots nor spectators, unless it is asked for', async () => {
    expect(await lobby.player().post('/games', { body: gameBody })).toMatchObject({
      status: 201,
      body: {
        ...{
          turn_schedule: '0 20 * * 1-5',
          turn_seconds: null,
          early: 'off',
          spectators: false,
          options: {},
        },
        ...{ due_at: null, closes_at: null, awaited_seats: null, ready_seats: null, result: null },
      },
    });
  });

  test('whose turns take some time goes on when all are ready, and can be for one player', async () => {
    const body = { ...rolling, min_players: 1, max_players: 1, options: { bots: 3 }, spectators: true };
    expect(await lobby.player().post('/games', { body })).toMatchObject({
      status: 201,
      body: { ...body, turn_schedule: null, early: 'all_ready' },
    });
  });

  test.each([
    [{ ...gameBody, early: 'all_ready' }, 'all_ready'],
    [{ ...rolling, early: 'off' }, 'off'],
    [{ ...gameBody, turn_seconds: null }, 'off'],
    [{ ...rolling, turn_schedule: null }, 'all_ready'],
  ])('can say whether it goes on early: %j', async (body, early) => {
    expect(await lobby.player().post('/games', { body })).toMatchObject({ status: 201, body: { early } });
  });

  test.each([
    [unclocked, 'turn_schedule', 'is missing; give it or turn_seconds'],
    [{ ...gameBody, turn_seconds: 3_600 }, 'turn_seconds', 'must not be given with turn_schedule'],
    [{ ...rolling, turn_seconds: 899 }, 'turn_seconds', 'must be at least 900'],
    [
      { ...gameBody, turn_schedule: '0,14 20 * * *' },
      'turn_schedule',
      'must leave 15 minutes between turns, but two of its turns are 14 minutes apart',
    ],
    [{ ...gameBody, options: { bots: 101 } }, 'options.bots', 'must be a whole number from 0 to 100'],
    [{ ...gameBody, options: { bots: '1' } }, 'options.bots', 'must be a whole number from 0 to 100'],
  ])('is not made of %j', async (body, name, problem) => {
    const before = await lobby.tables();
    expect(await lobby.player().post('/games', { body })).toEqual(invalidFields({ field: name, problem }));
    expect(await lobby.tables()).toEqual(before);
  });

  test('is not made of options that are nested without end', async () => {
    const depth = 20_000;
    const options = `${'{"a":'.repeat(depth / 2)}1${'}'.repeat(depth / 2)}`;
    const body = JSON.stringify({ ...gameBody, options: 0 }).replace('"options":0', `"options":${options}`);
    expect(await lobby.player().post('/games', { body })).toEqual(
      invalidFields({ field: 'options', problem: 'must have at most 8 levels of objects and lists' }),
    );
  });
});

describe('a draft', () => {
  test('changes its clock by getting another one, and does not lose the only one', async () => {
    const owner = lobby.player();
    const path = `/games/${await makeDraft(owner)}`;
    expect(await owner.patch(path, { body: { turn_seconds: 900 } })).toMatchObject({
      body: { turn_schedule: null, turn_seconds: 900, early: 'all_ready' },
    });
    expect(await owner.patch(path, { body: { turn_seconds: null } })).toEqual(
      invalidFields({ field: 'turn_schedule', problem: 'is missing; give it or turn_seconds' }),
    );
    expect(await owner.patch(path, { body: { turn_seconds: 60 } })).toEqual(
      invalidFields({ field: 'turn_seconds', problem: 'must be at least 900' }),
    );
    const back = { turn_schedule: '0 8 * * *', turn_seconds: null, early: 'all_ready' };
    expect(await owner.patch(path, { body: back })).toMatchObject({ body: back });
    expect(await owner.get(path)).toMatchObject({ body: back });
  });

  test('replaces its options as a whole', async () => {
    const owner = lobby.player();
    const path = `/games/${await makeDraft(owner, { options: { bots: 1, map: 'small' } })}`;
    const changed = await owner.patch(path, { body: { options: { map: { width: 9 } } } });
    expect(changed.body).toHaveProperty('options', { map: { width: 9 } });
  });

  test('with a clock that has become too fast is not opened until it is changed', async () => {
    const owner = lobby.player();
    const gameId = await makeDraft(owner);
    await lobby.pool.query(`update lobby.games set turn_schedule = '*/5 * * * *' where game_id = $1`, [
      gameId,
    ]);
    const problem = 'must leave 15 minutes between turns, but two of its turns are 5 minutes apart';
    const message = `The game cannot be played by its clock: turn_schedule ${problem}. Change it first.`;
    expect(await owner.post(`/games/${gameId}/open-enrollment`)).toEqual(
      refusal(409, 'invalid_state', message, {
        status: 'draft',
        fields: [{ field: 'turn_schedule', problem }],
      }),
    );
    expect(await owner.patch(`/games/${gameId}`, { body: { game_name: 'Renamed' } })).toMatchObject({
      status: 200,
    });
    await owner.patch(`/games/${gameId}`, { body: { turn_seconds: 900 } });
    expect(await owner.post(`/games/${gameId}/open-enrollment`)).toMatchObject({ status: 200 });
  });
});

test('everybody who sees a game sees its clock, whom it waits for, and how it ended', async () => {
  const owner = lobby.player();
  const gameId = await makeOpenGame(owner, { ...rolling, turn_schedule: null });
  const dueAt = new Date('2031-05-01T13:00:00.000Z');
  const placement = { seat: 2, rank: 1, score: 17.5 };
  await lobby.db.transaction(async (tx) => {
    const game = await lockAnyGame(tx, gameId);
    if (game === undefined) throw new Error('The game is gone.');
    const snapshot = {
      currentTurn: 4,
      runtimeStatus: 'running',
      engineHealth: 'ok',
      snapshotAt: lobby.now(),
    };
    await saveSnapshot(tx, game, {
      ...{ ...snapshot, reportSeq: 9, dueAt, closesAt: dueAt, awaitedSeats: [1, 2], readySeats: [2] },
      result: { kind: 'finished', placements: [{ ...placement, userId: owner.userId, raceName: 'Zorblax' }] },
    });
  });
  const shown = {
    ...{ turn_seconds: 3_600, turn_schedule: null, early: 'all_ready', current_turn: 4 },
    ...{ due_at: dueAt.toISOString(), closes_at: dueAt.toISOString() },
    ...{ awaited_seats: [1, 2], ready_seats: [2] },
    result: {
      kind: 'finished',
      placements: [{ ...placement, user_id: owner.userId, race_name: 'Zorblax' }],
    },
  };
  for (const reader of [owner, lobby.player(), lobby.admin()]) {
    expect(await reader.get(`/games/${gameId}`)).toMatchObject({ status: 200, body: shown });
  }
  expect(await owner.get('/my/games')).toMatchObject({ body: { items: [shown] } });
});

test('a game that is paused has no deadline, and one that is cancelled waits for nobody', async () => {
  const owner = lobby.player();
  const gameId = await makeOpenGame(owner);
  await lobby.pool.query(
    `update lobby.games set status = 'running', due_at = now(), closes_at = now(), awaited_seats = '{1,2}',
       ready_seats = '{2}' where game_id = $1`,
    [gameId],
  );
  const stopped = { due_at: null, closes_at: null };
  expect(await owner.post(`/games/${gameId}/pause`)).toMatchObject({
    body: { status: 'paused', ...stopped, awaited_seats: [1, 2], ready_seats: [2] },
  });
  expect(await owner.post(`/games/${gameId}/cancel`)).toMatchObject({
    body: { status: 'cancelled', ...stopped, awaited_seats: null, ready_seats: null },
  });
});

test('a page has fewer games when they are large, and the next ones follow', async () => {
  const owner = lobby.player();
  // Together more than the gateway passes on.
  const large = { description: '👾'.repeat(2_000), options: { text: 'ж'.repeat(8_000) } };
  const made = await Promise.all(
    Array.from({ length: 45 }, async () =>
      field(await owner.post('/games', { body: { ...gameBody, ...large } }), 'game_id'),
    ),
  );
  for (const list of ['/games', '/my/games']) {
    const listed: unknown[] = [];
    for (let token = ''; ; ) {
      const page = await owner.get(`${list}?page_size=200${token && `&page_token=${token}`}`);
      expect(Buffer.byteLength(JSON.stringify(page.body))).toBeLessThan(1_048_576);
      listed.push(...column(page, 'game_id'));
      const next = (page.body as { next_page_token?: string }).next_page_token;
      if (next === undefined) break;
      token = next;
    }
    expect(listed).toEqual(expect.arrayContaining(made));
    expect(new Set(listed).size).toBe(listed.length);
  }
});
