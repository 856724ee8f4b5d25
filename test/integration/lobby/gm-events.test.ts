// What becomes of games by the reports of the Game Master: how they go, how they end, who may keep the race name.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type LobbyConsumers, startLobbyConsumers } from '../../support/lobby/consumers.ts';
import { column, field, join, makeOpenGame } from '../../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';
import { intentsOf, stopJobsOf, toldOf } from '../../support/lobby/outbox.ts';

let lobby: TestLobby;
let consumers: LobbyConsumers;
let owner: Client;
let ann: Client;
let ben: Client;
let cleo: Client;

beforeAll(async () => {
  lobby = await createTestLobby();
  consumers = await startLobbyConsumers(lobby);
});
beforeEach(() => {
  [owner, ann, ben, cleo] = [lobby.player(), lobby.player(), lobby.player(), lobby.player()];
});
afterAll(async () => {
  await consumers.stop();
  await lobby.close();
});

const nameOf = (player: Client) => `G ${player.userId.slice(-12)}`;

/** A game that Ann, Ben and Cleo play. */
async function runningGame(): Promise<{ gameId: string; jobId: string }> {
  const gameId = await makeOpenGame(owner);
  for (const player of [ann, ben, cleo]) await join(player, owner, gameId, nameOf(player));
  await owner.post(`/games/${gameId}/close-enrollment`);
  await owner.post(`/games/${gameId}/start`);
  const jobId = field(await lobby.admin().get(`/games/${gameId}`), 'runtime_job_id');
  await consumers.tellResult(gameId, jobId);
  return { gameId, jobId };
}
const gameOf = async (gameId: string) =>
  (await lobby.admin().get(`/games/${gameId}`)).body as Record<string, unknown>;
const lastMove = async (gameId: string) => {
  const { body } = await lobby.admin().get(`/games/${gameId}/timeline`);
  return (body as { items: unknown[] }).items.at(-1);
};
const stats = (player: Client, planets: number, population: number) => ({
  user_id: player.userId,
  planets,
  population,
  ships_built: 0,
});
const namesOf = async (player: Client, kind: string) =>
  column(await player.get(`/my/race-names?kind=${kind}`), 'race_name');
const later = () => ({ occurred_at_ms: lobby.now().getTime() + 1 });

describe('a report', () => {
  test('shows in the game without counting as a change of it', async () => {
    const { gameId, jobId } = await runningGame();
    const before = await gameOf(gameId);
    await consumers.tellReport(gameId, jobId, { turn: 4, runtime_status: 'playing', engine_health: 'ok' });
    expect(await gameOf(gameId)).toEqual({
      ...before,
      current_turn: 4,
      runtime_status: 'playing',
      engine_health: 'ok',
      snapshot_at: lobby.now().toISOString(),
    });
    // Of turns the Game Master itself has players notified.
    expect(await intentsOf(lobby, gameId, 'lobby.game.turn_advanced')).toEqual([]);
  });

  test('with a number counts only after those with smaller ones, whatever its turn', async () => {
    const { gameId, jobId } = await runningGame();
    const due = lobby.now().getTime() + 60_000;
    const progress = { due_at_ms: due, closes_at_ms: due, awaited_seats: [1, 2], ready_seats: [2] };
    await consumers.tellReport(gameId, jobId, { turn: 3, report_seq: 7, ...progress });
    await consumers.tellReport(gameId, jobId, { turn: 4, report_seq: 6, engine_health: 'unreachable' });
    await consumers.tellReport(gameId, jobId, { turn: 3, report_seq: 7, engine_health: 'unreachable' });
    const { rows } = await lobby.pool.query(
      `select current_turn, engine_health, report_seq::int, due_at, awaited_seats, ready_seats
       from lobby.games where game_id = $1`,
      [gameId],
    );
    expect(rows).toEqual([
      {
        current_turn: 3,
        engine_health: 'ok',
        report_seq: 7,
        due_at: new Date(due),
        awaited_seats: [1, 2],
        ready_seats: [2],
      },
    ]);
    await owner.post(`/games/${gameId}/pause`);
    await consumers.tellReport(gameId, jobId, { turn: 3, report_seq: 8, ...progress });
    const paused = await lobby.pool.query(
      'select report_seq::int, due_at from lobby.games where game_id = $1',
      [gameId],
    );
    expect(paused.rows).toEqual([{ report_seq: 8, due_at: null }]);
  });

  test('says which players the game waits for', async () => {
    const { gameId, jobId } = await runningGame();
    const waits = async (player: Client) =>
      column(await player.get('/my/games?waiting_for_me=true'), 'game_id').includes(gameId);
    const allWait = () => Promise.all([ann, ben, cleo, owner].map(waits));
    expect(await allWait()).toEqual([false, false, false, false]);
    await consumers.tellReport(gameId, jobId, { report_seq: 1, awaited_seats: [1, 2], ready_seats: [] });
    expect(await allWait()).toEqual([true, true, false, false]);
    await consumers.tellReport(gameId, jobId, { report_seq: 2, awaited_seats: [1, 2], ready_seats: [1] });
    expect(await allWait()).toEqual([false, true, false, false]);
    await owner.post(`/games/${gameId}/pause`);
    expect(await allWait()).toEqual([false, false, false, false]);
  });

  test('counts while the game is paused, too', async () => {
    const { gameId, jobId } = await runningGame();
    await owner.post(`/games/${gameId}/pause`);
    await consumers.tellReport(gameId, jobId, { turn: 2 });
    expect(await gameOf(gameId)).toMatchObject({ status: 'paused', current_turn: 2 });
  });

  test('of an engine that fails counts without a new turn', async () => {
    const { gameId, jobId } = await runningGame();
    await consumers.tellReport(gameId, jobId, { turn: 2 });
    await consumers.tellReport(gameId, jobId, { turn: 2, engine_health: 'unreachable', ...later() });
    expect(await gameOf(gameId)).toMatchObject({ current_turn: 2, engine_health: 'unreachable' });
  });

  test('counts after an earlier one of its turn, although the clock of the Game Master went back', async () => {
    const { gameId, jobId } = await runningGame();
    const at = lobby.now().getTime();
    await consumers.tellReport(gameId, jobId, { turn: 2, occurred_at_ms: at });
    const failed = { turn: 2, engine_health: 'unreachable', occurred_at_ms: at - 5_000 };
    const report = await consumers.tellReport(gameId, jobId, failed);
    const shown = {
      current_turn: 2,
      engine_health: 'unreachable',
      snapshot_at: new Date(at - 5_000).toISOString(),
    };
    expect(await gameOf(gameId)).toMatchObject(shown);
    await consumers.tell('gm_events', report);
    expect(await gameOf(gameId)).toMatchObject(shown);
  });

  test.each([
    ['that is told again', async (again: () => Promise<void>) => again()],
    [
      'that is told again when nobody remembers having heard it',
      async (again: () => Promise<void>) => {
        await lobby.pool.query('delete from lobby.processed_entries');
        await again();
        await lobby.pool.query('delete from lobby.processed_entries');
      },
    ],
  ])('%s changes nothing', async (_, tell) => {
    const { gameId, jobId } = await runningGame();
    const report = await consumers.tellReport(gameId, jobId, { turn: 2, player_stats: [stats(ann, 3, 30)] });
    const except = { except: ['consumers', 'processed_entries'] };
    const before = await lobby.tables(except);
    await tell(() => consumers.tell('gm_events', report));
    expect(await lobby.tables(except)).toEqual(before);
  });

  test.each([
    ['of an earlier turn', () => ({ turn: 1 })],
    ['of an earlier runtime', () => ({ turn: 9, runtime_job_id: '019a0000-0000-7000-8000-0000000000aa' })],
  ])('%s changes nothing', async (_, changes) => {
    const { gameId, jobId } = await runningGame();
    await consumers.tellReport(gameId, jobId, { turn: 2 });
    const except = { except: ['consumers', 'processed_entries'] };
    const before = await lobby.tables(except);
    await consumers.tellReport(gameId, jobId, {
      ...changes(),
      player_stats: [stats(ann, 99, 99)],
      ...later(),
    });
    expect(await lobby.tables(except)).toEqual(before);
  });

  test('about somebody who is no member is kept of the others only', async () => {
    const { gameId, jobId } = await runningGame();
    await consumers.tellReport(gameId, jobId, {
      player_stats: [stats(ann, 1, 1), stats(lobby.player(), 1, 1)],
    });
    const { rows } = await lobby.pool.query(
      'select user_id from lobby.member_statistics where game_id = $1',
      [gameId],
    );
    expect(rows).toEqual([{ user_id: ann.userId }]);
  });

  test('about a game that is over changes nothing', async () => {
    const { gameId, jobId } = await runningGame();
    expect(await lobby.admin().post(`/games/${gameId}/cancel`)).toMatchObject({ status: 200 });
    const except = { except: ['consumers', 'processed_entries'] };
    const before = await lobby.tables(except);
    await consumers.tellReport(gameId, jobId, { turn: 5 });
    await consumers.tellReport(gameId, jobId, { turn: 6, event_type: 'game_finished' });
    expect(await lobby.tables(except)).toEqual(before);
  });

  test.each([
    [
      'about a game that does not exist',
      { game_id: '019a0000-0000-7000-8000-0000000000bb' },
      /^there is no game /,
    ],
    ['with a turn that is no number', { turn: 'three' }, /^malformed: turn must be a whole number$/],
    ['with a negative turn', { turn: -1 }, /^malformed: turn must not be negative$/],
    ['with statistics that are no JSON', { player_stats: '[{' }, /^malformed: player_stats must be JSON$/],
    [
      'with fewer planets than none',
      {
        player_stats: [
          { user_id: '019a0000-0000-7000-8000-0000000000cc', planets: -1, population: 1, ships_built: 0 },
        ],
      },
      /^malformed: player_stats\.0\.planets /,
    ],
    [
      'of a type that nobody knows',
      { event_type: 'game_exploded' },
      /^malformed: event_type must be one of /,
    ],
  ])('%s is put into the dead letters', async (_, changes, reason) => {
    const { gameId, jobId } = await runningGame();
    const except = { except: ['consumers', 'dead_letters'] };
    const before = await lobby.tables(except);
    await consumers.tellReport(gameId, jobId, changes);
    expect((await consumers.deadLetters()).at(-1)).toEqual({
      consumer: 'gm_events',
      reason: expect.stringMatching(reason),
    });
    expect(await lobby.tables(except)).toEqual(before);
  });
});

describe('the end of a game', () => {
  test('leaves race names to those whose planets and population both grew at some time, and frees the others', async () => {
    const { gameId, jobId } = await runningGame();
    const all = (a: [number, number], b: [number, number], c: [number, number]) => ({
      player_stats: [stats(ann, ...a), stats(ben, ...b), stats(cleo, ...c)],
    });
    await consumers.tellReport(gameId, jobId, { turn: 0, ...all([3, 30], [3, 30], [3, 30]) });
    // Ann grows in planets and in population at different times, and loses everything in the end; Ben grows in one only.
    await consumers.tellReport(gameId, jobId, { turn: 1, ...all([4, 20], [5, 30], [3, 30]) });
    await consumers.tellReport(gameId, jobId, { turn: 2, ...all([1, 31], [9, 29], [3, 30]) });
    lobby.clock.advance(1_000);
    const end = await consumers.tellReport(gameId, jobId, {
      turn: 3,
      event_type: 'game_finished',
      runtime_status: 'finished',
      // What the last report says counts, too.
      ...all([0, 0], [1, 1], [4, 31]),
    });

    expect(await gameOf(gameId)).toMatchObject({
      status: 'finished',
      current_turn: 3,
      finished_at: lobby.now().toISOString(),
    });
    expect(await lastMove(gameId)).toMatchObject({
      trigger: 'game_finished',
      actor: 'gm_event',
      reason: null,
    });
    expect(await stopJobsOf(lobby, gameId)).toMatchObject([
      { start_job_id: jobId, container_id: `container-of-${jobId}`, reason: 'finished' },
    ]);
    expect(await namesOf(ann, 'pending_registration')).toEqual([nameOf(ann)]);
    expect(await namesOf(cleo, 'pending_registration')).toEqual([nameOf(cleo)]);
    const until = new Date(lobby.now().getTime() + 30 * 24 * 3_600_000).toISOString();
    expect(column(await ann.get('/my/race-names'), 'register_until')).toEqual([until]);
    expect(column(await ben.get('/my/race-names'), 'race_name')).toEqual([]);
    expect(await intentsOf(lobby, gameId, 'lobby.race_name.registration_eligible')).toEqual([
      {
        to: [ann.userId],
        payload: expect.objectContaining({ race_name: nameOf(ann), register_until: until }),
      },
      { to: [cleo.userId], payload: expect.objectContaining({ race_name: nameOf(cleo) }) },
    ]);
    expect(await intentsOf(lobby, gameId, 'lobby.race_name.registration_denied')).toEqual([
      {
        to: [ben.userId],
        payload: expect.objectContaining({ race_name: nameOf(ben), reason: 'not_capable' }),
      },
    ]);
    expect(await intentsOf(lobby, gameId, 'lobby.game.finished')).toHaveLength(1);

    const before = await lobby.tables({ except: ['consumers', 'processed_entries'] });
    await consumers.tell('gm_events', end);
    await lobby.pool.query('delete from lobby.processed_entries');
    await consumers.tell('gm_events', end);
    expect(await lobby.tables({ except: ['consumers', 'processed_entries'] })).toEqual(before);
  });

  test('lets a capable player register the name, which nobody else can take', async () => {
    const { gameId, jobId } = await runningGame();
    await consumers.tellReport(gameId, jobId, { turn: 0, player_stats: [stats(ann, 1, 1)] });
    await consumers.tellReport(gameId, jobId, {
      turn: 1,
      event_type: 'game_finished',
      player_stats: [stats(ann, 2, 2)],
    });
    const [raceNameId] = column(await ann.get('/my/race-names'), 'race_name_id');
    expect(await ann.post('/race-names/register', { body: { race_name_id: raceNameId } })).toMatchObject({
      status: 200,
      body: { kind: 'registered', race_name: nameOf(ann) },
    });
  });

  test.each(['well', 'badly'])(
    'tells nothing of a name that is registered to a player who did %s',
    async (how) => {
      const finish = async () => {
        const { gameId, jobId } = await runningGame();
        const [planets, population] = how === 'well' || registered === undefined ? [2, 2] : [1, 1];
        await consumers.tellReport(gameId, jobId, { turn: 0, player_stats: [stats(ann, 1, 1)] });
        await consumers.tellReport(gameId, jobId, {
          turn: 1,
          event_type: 'game_finished',
          player_stats: [stats(ann, planets, population)],
        });
        return gameId;
      };
      let registered: unknown;
      await finish();
      [registered] = column(await ann.get('/my/race-names'), 'race_name_id');
      expect(await ann.post('/race-names/register', { body: { race_name_id: registered } })).toMatchObject({
        status: 200,
      });

      const gameId = await finish();
      const toldAnn = (await toldOf(lobby, gameId)).filter(
        ({ payload: { notification_type, recipient_user_ids } }) =>
          String(notification_type).startsWith('lobby.race_name.') &&
          (recipient_user_ids as string[]).includes(ann.userId),
      );
      expect(toldAnn).toEqual([]);
      expect(await ann.get('/my/race-names')).toMatchObject({
        body: { items: [{ race_name_id: registered, kind: 'registered' }] },
      });
    },
  );

  test('denies the name to members of whom there are no statistics, and says so in the timeline', async () => {
    const { gameId, jobId } = await runningGame();
    await consumers.tellReport(gameId, jobId, { event_type: 'game_finished' });
    expect(await lastMove(gameId)).toMatchObject({
      trigger: 'game_finished',
      reason: `no statistics at all for ${[ann, ben, cleo].map(({ userId }) => userId).join(', ')}`,
    });
    const denied = await intentsOf(lobby, gameId, 'lobby.race_name.registration_denied');
    expect(denied).toHaveLength(3);
    for (const { payload } of denied) expect(payload).toMatchObject({ reason: 'no_statistics' });
  });

  test('frees the name of somebody who left the game while it ran, however they did', async () => {
    const { gameId, jobId } = await runningGame();
    await consumers.tellReport(gameId, jobId, { turn: 0, player_stats: [stats(ben, 1, 1)] });
    await consumers.tellReport(gameId, jobId, { turn: 1, player_stats: [stats(ben, 9, 9)] });
    await ben.post(`/games/${gameId}/leave`);
    expect(await namesOf(ben, 'reservation')).toEqual([nameOf(ben)]);
    await consumers.tellReport(gameId, jobId, { turn: 2, event_type: 'game_finished' });
    expect(column(await ben.get('/my/race-names'), 'race_name')).toEqual([]);
  });

  test('has a result by seat: with those who have left, and with bots, who are nobody', async () => {
    const { gameId, jobId } = await runningGame();
    expect(await ben.post(`/games/${gameId}/leave`)).toMatchObject({ body: { seat: 2 } });
    const { body } = await cleo.get(`/games/${gameId}/memberships`);
    const [, last] = (body as { items: { membership_id: string }[] }).items;
    expect(await lobby.admin().post(`/memberships/${last?.membership_id}/remove`)).toMatchObject({
      body: { seat: 3, status: 'removed' },
    });
    await consumers.tellReport(gameId, jobId, {
      event_type: 'game_finished',
      result: {
        kind: 'finished',
        placements: [
          { seat: 1, rank: 3, score: 1.5 },
          { seat: 2, rank: 2, team: 1 },
          { seat: 3, rank: 3 },
          { seat: 4, rank: 1 },
        ],
      },
    });
    const holder = (player: Client) => ({ user_id: player.userId, race_name: nameOf(player) });
    const result = {
      kind: 'finished',
      placements: [
        { seat: 4, rank: 1, user_id: null, race_name: null },
        { seat: 2, rank: 2, team: 1, ...holder(ben) },
        { seat: 1, rank: 3, score: 1.5, ...holder(ann) },
        { seat: 3, rank: 3, ...holder(cleo) },
      ],
    };
    expect((await ann.get(`/games/${gameId}`)).body).toMatchObject({ status: 'finished' });
    for (const reader of [ann, ben, owner, lobby.player()]) {
      expect((await reader.get(`/games/${gameId}`)).body).toHaveProperty('result', result);
    }
    expect(await intentsOf(lobby, gameId, 'lobby.game.finished')).toEqual([
      { to: [owner.userId, ann.userId], payload: expect.objectContaining({ status: 'finished', result }) },
    ]);
  });

  test('counts for a paused game, too', async () => {
    const { gameId, jobId } = await runningGame();
    await owner.post(`/games/${gameId}/pause`);
    await consumers.tellReport(gameId, jobId, { event_type: 'game_finished' });
    expect(await gameOf(gameId)).toMatchObject({ status: 'finished' });
  });
});

test('reports about many games told at once are applied in order for each game', async () => {
  const games = [await runningGame(), await runningGame(), await runningGame()];
  await consumers.tell(
    'gm_events',
    ...Array.from({ length: 20 }, (_, index) => index + 1).flatMap((number) =>
      games.map(({ gameId, jobId }) => ({
        event_id: `${gameId}-${number}`,
        event_type: 'runtime_snapshot_update',
        game_id: gameId,
        runtime_job_id: jobId,
        turn: 1,
        runtime_status: 'running',
        engine_health: `state ${number}`,
        player_stats: [],
        occurred_at_ms: lobby.now().getTime(),
      })),
    ),
  );
  for (const { gameId } of games) {
    // Of one turn the report that comes later counts.
    expect(await gameOf(gameId)).toMatchObject({ current_turn: 1, engine_health: 'state 20' });
  }
});
