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
    [{ ...rolling, min_turn_seconds: 3_601 }, 'min_turn_seconds', 'must not exceed turn_seconds'],
    [{ ...rolling, grace_seconds: 1_800 }, 'grace_seconds', 'must be less than half of turn_seconds'],
    [
      { ...gameBody, min_turn_seconds: 86_400 },
      'min_turn_seconds',
      'must, with grace_seconds, be less than 24 hours, the shortest time between two turns',
    ],
    [
      { ...gameBody, grace_seconds: 43_200 },
      'grace_seconds',
      'must be less than half of 24 hours, the shortest time between two turns',
    ],
    [
      { ...gameBody, quiet_days: [1, 2, 3, 4, 5] },
      'quiet_days',
      'are all the days on which turn_schedule comes due; leave one of them',
    ],
    [{ ...gameBody, options: { bots: -1 } }, 'options.bots', 'must be a whole number from 0 to 100'],
    [{ ...gameBody, options: { bots: 101 } }, 'options.bots', 'must be a whole number from 0 to 100'],
    [{ ...gameBody, options: { bots: '1' } }, 'options.bots', 'must be a whole number from 0 to 100'],
  ])('is not made of %j', async (body, name, problem) => {
    const before = await lobby.tables();
    expect(await lobby.player().post('/games', { body })).toEqual(invalidFields({ field: name, problem }));
    expect(await lobby.tables()).toEqual(before);
  });

  test.each([
    [
      { ...rolling, turn_seconds: 900, grace_seconds: 449 },
      { turn_seconds: 900, grace_seconds: 449 },
    ],
    [
      { ...gameBody, turn_schedule: '0,15 20 * * *', grace_seconds: 449, min_turn_seconds: 450 },
      { grace_seconds: 449, min_turn_seconds: 450 },
    ],
    [rolling, { min_turn_seconds: null, quiet_days: [], grace_seconds: 0 }],
    [
      { ...rolling, min_turn_seconds: 3_600, quiet_days: [7, 1, 6], grace_seconds: 1_799 },
      { min_turn_seconds: 3_600, quiet_days: [1, 6, 7], grace_seconds: 1_799 },
    ],
    [
      { ...rolling, turn_seconds: 2_592_000, min_turn_seconds: 2_592_000, grace_seconds: 1_295_999 },
      { min_turn_seconds: 2_592_000, grace_seconds: 1_295_999 },
    ],
    [
      { ...gameBody, min_turn_seconds: 43_200, quiet_days: [5, 3], grace_seconds: 43_199 },
      { min_turn_seconds: 43_200, quiet_days: [3, 5], grace_seconds: 43_199 },
    ],
  ])('has quiet days, grace and a least turn as they were given: %j', async (body, shown) => {
    const owner = lobby.player();
    const made = await owner.post('/games', { body });
    expect(made).toMatchObject({ status: 201, body: shown });
    const gameId = field(made, 'game_id');
    expect(await owner.get(`/games/${gameId}`)).toMatchObject({ body: shown });
    expect(await owner.get('/my/games')).toMatchObject({ body: { items: [shown] } });
    await owner.post(`/games/${gameId}/open-enrollment`);
    expect(await lobby.player().get('/games')).toMatchObject({
      body: { items: expect.arrayContaining([expect.objectContaining({ game_id: gameId, ...shown })]) },
    });
    const standing = await lobby.internalApp.request(`/api/v1/internal/games/${gameId}/standing`);
    expect(await standing.json()).toMatchObject(shown);
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

  test('changes its quiet days, grace and least turn, and gives them up', async () => {
    const owner = lobby.player();
    const path = `/games/${await makeDraft(owner)}`;
    const bounds = { min_turn_seconds: 7_200, quiet_days: [7, 6], grace_seconds: 600 };
    const shown = { ...bounds, quiet_days: [6, 7], turn_schedule: gameBody.turn_schedule };
    expect(await owner.patch(path, { body: bounds })).toMatchObject({ body: shown });
    expect(await owner.patch(path, { body: { game_name: 'Renamed' } })).toMatchObject({ body: shown });
    expect(await owner.patch(path, { body: { turn_seconds: 3_600 } })).toEqual(
      invalidFields({ field: 'min_turn_seconds', problem: 'must not exceed turn_seconds' }),
    );
    const none = { min_turn_seconds: null, quiet_days: [], grace_seconds: 0 };
    expect(await owner.patch(path, { body: { ...none, turn_seconds: 3_600 } })).toMatchObject({ body: none });
    expect(await owner.get(path)).toMatchObject({ body: { ...none, turn_seconds: 3_600 } });
  });

  test('that enrolls players keeps its clock', async () => {
    const owner = lobby.player();
    const path = `/games/${await makeOpenGame(owner)}`;
    for (const body of [{ min_turn_seconds: 60 }, { quiet_days: [6] }, { grace_seconds: 60 }]) {
      expect(await owner.patch(path, { body })).toMatchObject({
        status: 409,
        body: { error: { code: 'invalid_state' } },
      });
    }
    expect(await owner.get(path)).toMatchObject({
      body: { min_turn_seconds: null, quiet_days: [], grace_seconds: 0, revision: 2 },
    });
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

describe('a clock before a game is made', () => {
  const preview = (body: object) => lobby.player().post('/clocks/preview', { body });
  const deadlines = (...times: [due_at: string, closes_at: string][]) => ({
    status: 200,
    body: { deadlines: times.map(([due_at, closes_at]) => ({ due_at, closes_at })) },
    etag: null,
  });

  test('by a schedule says when its first three turns would be due and close', async () => {
    const clock = {
      turn_schedule: '0 20 * * *',
      time_zone: 'Europe/Berlin',
      quiet_days: [7],
      min_turn_seconds: 43_200,
      grace_seconds: 1_800,
    };
    // Less than twelve hours before the time on Friday; clocks change on Sunday.
    expect(await preview({ ...clock, from: '2031-03-28T09:00:00+01:00' })).toEqual(
      deadlines(
        ['2031-03-29T19:00:00.000Z', '2031-03-29T19:30:00.000Z'],
        ['2031-03-31T18:00:00.000Z', '2031-03-31T18:30:00.000Z'],
        ['2031-04-01T18:00:00.000Z', '2031-04-01T18:30:00.000Z'],
      ),
    );
  });

  test('of turns of a length begins now unless it is said, and stores nothing', async () => {
    const before = await lobby.tables();
    // A Thursday, at noon.
    expect(lobby.now().toISOString()).toBe('2031-05-01T12:00:00.000Z');
    const expected = deadlines(
      ['2031-05-02T12:00:00.000Z', '2031-05-02T12:00:00.000Z'],
      ['2031-05-05T12:00:00.000Z', '2031-05-05T12:00:00.000Z'],
      ['2031-05-06T12:00:00.000Z', '2031-05-06T12:00:00.000Z'],
    );
    for (const asking of [lobby.player(), lobby.admin()]) {
      const body = { turn_seconds: 86_400, quiet_days: [7, 6] };
      expect(await asking.post('/clocks/preview', { body })).toEqual(expected);
    }
    expect(await lobby.tables()).toEqual(before);
  });

  test('begins in the years from 2000 to 2099', async () => {
    const first = async (from: string) => {
      const { body } = await preview({ turn_seconds: 900, from });
      return (body as { deadlines: object[] }).deadlines[0];
    };
    expect(await first('2000-01-01T00:00:00.000Z')).toMatchObject({ due_at: '2000-01-01T00:15:00.000Z' });
    expect(await first('2099-12-31T23:59:59.999Z')).toMatchObject({ due_at: '2100-01-01T00:14:59.999Z' });
  });

  test.each([
    [{}],
    [{ turn_seconds: 899 }],
    [{ turn_schedule: '*/5 * * * *', turn_seconds: 900 }],
    [{ turn_schedule: '*/5 * * * *', min_turn_seconds: 300, grace_seconds: 150 }],
    [{ turn_schedule: '0 20 * * 6', quiet_days: [6], time_zone: 'Europe/Berlin' }],
    [{ turn_schedule: '0 20 * * 6', quiet_days: [6], time_zone: 'Mars/Olympus' }],
    [{ turn_seconds: 3_600, min_turn_seconds: 3_601, grace_seconds: 1_800 }],
    [{ turn_seconds: 0, quiet_days: [1, 1], grace_seconds: -1 }],
  ])('has the problems that a game with it would have: %j', async (clock) => {
    const { turn_schedule, time_zone, ...settings } = gameBody;
    const refused = await lobby.player().post('/games', { body: { ...settings, ...clock } });
    expect(refused.status).toBe(400);
    expect(await preview(clock)).toEqual(refused);
  });
});
