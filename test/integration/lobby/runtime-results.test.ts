// What becomes of games by the Runtime Manager's answers to start jobs: on time, late, twice, of earlier starts, and
// with a Game Master that takes the game over or does not.
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { Refusal } from '../../../lib/errors/table.ts';
import { failOverdueStarts } from '../../../lib/lobby/automation/enrollment-automation.ts';
import { resumeUnregisteredGames } from '../../../lib/lobby/automation/unregistered-games.ts';
import type { Runtime } from '../../../lib/lobby/peers/game-master.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { type LobbyConsumers, startLobbyConsumers } from '../../support/lobby/consumers.ts';
import { field, join, makeOpenGame } from '../../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';
import { intentsOf, stopJobsOf, toldOf } from '../../support/lobby/outbox.ts';

let lobby: TestLobby;
let consumers: LobbyConsumers;
let owner: Client;
let players: [Client, Client];
let gameMasterIsThere: boolean;
/** Games that the Game Master does not take, although it is there. */
const refusedGames = new Set<string>();
/** What happens while the Game Master takes a game over. */
let meanwhile: () => Promise<unknown>;
/** How often the Game Master was asked to take a game over, and was away. */
let refusals: number;
const registered: Runtime[] = [];

beforeAll(async () => {
  lobby = await createTestLobby({
    gameMaster: {
      async probe() {
        if (!gameMasterIsThere) throw new Refusal('service_unavailable', 'The Game Master is away.');
      },
      async register(runtime) {
        if (refusedGames.has(runtime.gameId)) throw new Refusal('invalid_state', 'The Game Master refuses.');
        if (!gameMasterIsThere) {
          refusals += 1;
          throw new Refusal('service_unavailable', 'The Game Master is away.');
        }
        registered.push(runtime);
        await meanwhile();
      },
    },
  });
  consumers = await startLobbyConsumers(lobby);
});
beforeEach(() => {
  owner = lobby.player();
  players = [lobby.player(), lobby.player()];
  gameMasterIsThere = true;
  meanwhile = async () => {};
  refusedGames.clear();
  refusals = 0;
  registered.length = 0;
});
afterAll(async () => {
  await consumers.stop();
  await lobby.close();
});

const nameOf = (player: Client) => `S ${player.userId.slice(-12)}`;

/** A game that waits for its start job. */
async function startingGame(): Promise<{ gameId: string; jobId: string }> {
  const clock = { min_turn_seconds: 3_600, quiet_days: [7, 6], grace_seconds: 600 };
  const gameId = await makeOpenGame(owner, clock);
  for (const player of players) await join(player, owner, gameId, nameOf(player));
  await owner.post(`/games/${gameId}/close-enrollment`);
  return { gameId, jobId: await start(gameId, 'start') };
}
async function start(gameId: string, verb: 'start' | 'retry-start'): Promise<string> {
  expect(await owner.post(`/games/${gameId}/${verb}`)).toMatchObject({ body: { status: 'starting' } });
  return field(await lobby.admin().get(`/games/${gameId}`), 'runtime_job_id');
}
const gameOf = async (gameId: string) =>
  (await lobby.admin().get(`/games/${gameId}`)).body as Record<string, unknown>;
const lastMove = async (gameId: string) => {
  const { body } = await lobby.admin().get(`/games/${gameId}/timeline`);
  return (body as { items: unknown[] }).items.at(-1);
};
/** Of all who are or were members, in the order in which they joined. */
async function seatsOf(gameId: string): Promise<[userId: string, seat: number | null][]> {
  const { rows } = await lobby.pool.query(
    'select user_id, seat from lobby.memberships where game_id = $1 order by joined_at',
    [gameId],
  );
  return rows.map(({ user_id, seat }) => [user_id, seat]);
}
const everyone = () => [owner, ...players].map(({ userId }) => userId);

async function timeOut(): Promise<void> {
  lobby.clock.advance(300_000);
  await failOverdueStarts(
    lobby,
    createLogger({ service: 'test', level: 'silent' }),
    new AbortController().signal,
  );
}

describe('a start that succeeded', () => {
  test('makes the game run in its container once the Game Master has taken it over', async () => {
    const { gameId, jobId } = await startingGame();
    await consumers.tellResult(gameId, jobId, {
      container_id: 'c-1',
      engine_endpoint: 'http://127.0.0.1:7001',
    });

    const now = lobby.now().toISOString();
    expect(await gameOf(gameId)).toMatchObject({
      status: 'running',
      runtime_job_id: jobId,
      container_id: 'c-1',
      engine_endpoint: 'http://127.0.0.1:7001',
      bound_at: now,
      registered_at: now,
      started_at: now,
    });
    expect(registered).toMatchObject([
      {
        gameId,
        runtimeJobId: jobId,
        containerId: 'c-1',
        engineEndpoint: 'http://127.0.0.1:7001',
        turnSchedule: '0 20 * * 1-5',
        timeZone: 'Europe/Berlin',
        turnSeconds: null,
        minTurnSeconds: 3_600,
        quietDays: [6, 7],
        graceSeconds: 600,
        early: 'off',
        spectators: false,
        ownerUserId: owner.userId,
        players: players.map((player, index) => ({
          userId: player.userId,
          raceName: nameOf(player),
          seat: index + 1,
        })),
      },
    ]);
    expect(await lastMove(gameId)).toMatchObject({
      trigger: 'runtime_ready',
      actor: 'job_result',
      from: 'starting',
      to: 'running',
      reason: null,
    });
    expect(await intentsOf(lobby, gameId, 'lobby.game.started')).toMatchObject([{ to: everyone() }]);
  });

  test('pauses the game when the Game Master does not take it over, until it is resumed', async () => {
    gameMasterIsThere = false;
    const { gameId, jobId } = await startingGame();
    await consumers.tellResult(gameId, jobId);

    expect(await gameOf(gameId)).toMatchObject({
      status: 'paused',
      container_id: `container-of-${jobId}`,
      registered_at: null,
      started_at: null,
    });
    expect(await lastMove(gameId)).toMatchObject({
      trigger: 'runtime_unregistered',
      reason: 'the Game Master did not take the game over',
    });
    expect(await intentsOf(lobby, gameId, 'lobby.runtime_paused_after_start')).toMatchObject([
      { to: everyone() },
    ]);
    expect(await intentsOf(lobby, gameId, 'lobby.game.started')).toEqual([]);

    gameMasterIsThere = true;
    expect(await owner.post(`/games/${gameId}/resume`)).toMatchObject({ body: { status: 'running' } });
    expect(registered).toMatchObject([{ gameId, runtimeJobId: jobId, containerId: `container-of-${jobId}` }]);
    expect(await gameOf(gameId)).toMatchObject({ started_at: lobby.now().toISOString() });
  });

  test.each([0, 1])('has failed when only %i of two players are left', async (left) => {
    const { gameId, jobId } = await startingGame();
    for (const player of players.slice(left)) await player.post(`/games/${gameId}/leave`);
    await consumers.tellResult(gameId, jobId, { container_id: 'c-lonely' });
    expect(registered).toEqual([]);
    expect(await gameOf(gameId)).toMatchObject({
      status: 'start_failed',
      container_id: null,
      bound_at: null,
      active_members: left,
    });
    expect(await lastMove(gameId)).toMatchObject({
      trigger: 'too_few_members',
      actor: 'job_result',
      reason: `${left} of at least 2 players are left`,
    });
    expect(await stopJobsOf(lobby, gameId)).toMatchObject([
      { start_job_id: jobId, container_id: 'c-lonely', reason: 'cancelled' },
    ]);
    expect(await intentsOf(lobby, gameId, 'lobby.game.start_failed')).toMatchObject([{ to: [owner.userId] }]);
    expect((await seatsOf(gameId)).map(([, seat]) => seat)).toEqual([null, null]);

    const enrollment_ends_at = '2031-06-20T12:00:00.000Z';
    expect(
      await owner.post(`/games/${gameId}/reopen-enrollment`, { body: { enrollment_ends_at } }),
    ).toMatchObject({ body: { status: 'enrollment_open' } });
  });

  test('of players who leave while the Game Master takes the game over ends as of those who leave a game that runs', async () => {
    const { gameId, jobId } = await startingGame();
    meanwhile = () => Promise.all(players.map((player) => player.post(`/games/${gameId}/leave`)));
    await consumers.tellResult(gameId, jobId);
    expect(await gameOf(gameId)).toMatchObject({ status: 'cancelled' });
    expect(await stopJobsOf(lobby, gameId)).toHaveLength(1);
    const { body } = await lobby.admin().get(`/games/${gameId}/timeline`);
    expect((body as { items: { trigger: string }[] }).items.map(({ trigger }) => trigger).slice(-2)).toEqual([
      'runtime_ready',
      'abandoned',
    ]);
  });

  test('changes nothing when it is told again', async () => {
    const { gameId, jobId } = await startingGame();
    await consumers.tellResult(gameId, jobId);
    const before = await lobby.tables({ except: ['consumers'] });
    await consumers.tellResult(gameId, jobId);
    expect(await lobby.tables({ except: ['consumers'] })).toEqual(before);
    expect(registered).toHaveLength(1);
  });

  test('changes nothing when it is told again so late that nobody remembers having heard it', async () => {
    const { gameId, jobId } = await startingGame();
    await consumers.tellResult(gameId, jobId);
    await lobby.pool.query('delete from lobby.processed_entries');
    await consumers.tellResult(gameId, jobId);
    expect(await gameOf(gameId)).toMatchObject({ status: 'running' });
    expect(await stopJobsOf(lobby, gameId)).toEqual([]);
  });

  test('comes to nothing when it is too late: its container is to be stopped', async () => {
    const { gameId, jobId } = await startingGame();
    await timeOut();
    expect(await gameOf(gameId)).toMatchObject({ status: 'start_failed' });
    expect(await lastMove(gameId)).toMatchObject({
      trigger: 'start_timeout',
      actor: 'worker',
      reason: 'the Runtime Manager did not respond in time',
    });
    expect(await intentsOf(lobby, gameId, 'lobby.game.start_failed')).toMatchObject([{ to: [owner.userId] }]);

    await consumers.tellResult(gameId, jobId, { container_id: 'c-late' });
    expect(await gameOf(gameId)).toMatchObject({ status: 'start_failed', container_id: null });
    expect(await stopJobsOf(lobby, gameId)).toMatchObject([
      { start_job_id: jobId, game_id: gameId, container_id: 'c-late', reason: 'superseded' },
    ]);
    expect(registered).toEqual([]);
  });

  test('told again of a game that is over has its engine stopped once more: the stop job may be lost', async () => {
    const { gameId, jobId } = await startingGame();
    await consumers.tellResult(gameId, jobId);
    expect(await lobby.admin().post(`/games/${gameId}/cancel`)).toMatchObject({ status: 200 });
    const before = await gameOf(gameId);
    await consumers.tellResult(gameId, jobId, { finished_at_ms: Date.now() + 3_600_000 });
    expect(await stopJobsOf(lobby, gameId)).toMatchObject([
      { start_job_id: jobId, reason: 'cancelled' },
      { start_job_id: jobId, reason: 'superseded' },
    ]);
    expect(await gameOf(gameId)).toEqual(before);
    expect(registered).toHaveLength(1);
  });

  test('told again of a game that runs changes nothing', async () => {
    const { gameId, jobId } = await startingGame();
    await consumers.tellResult(gameId, jobId);
    const before = await gameOf(gameId);
    await consumers.tellResult(gameId, jobId, { finished_at_ms: Date.now() + 3_600_000 });
    expect(await gameOf(gameId)).toEqual(before);
    expect(await stopJobsOf(lobby, gameId)).toEqual([]);
    expect(registered).toHaveLength(1);
  });

  test('of an earlier start does not count while another one is under way', async () => {
    const { gameId, jobId: earlier } = await startingGame();
    await timeOut();
    const current = await start(gameId, 'retry-start');
    await consumers.tellResult(gameId, earlier);
    expect(await gameOf(gameId)).toMatchObject({ status: 'starting', runtime_job_id: current });
    expect(await stopJobsOf(lobby, gameId)).toMatchObject([{ start_job_id: earlier, reason: 'superseded' }]);

    await consumers.tellResult(gameId, current);
    expect(await gameOf(gameId)).toMatchObject({
      status: 'running',
      container_id: `container-of-${current}`,
    });
    expect(await stopJobsOf(lobby, gameId)).toHaveLength(1);
  });

  test('applies what the Game Master reported meanwhile, in order', async () => {
    const { gameId, jobId } = await startingGame();
    const planets = (count: number) =>
      players.map(({ userId }) => ({ user_id: userId, planets: count, population: count, ships_built: 0 }));
    await consumers.tellReport(gameId, jobId, { turn: 0, player_stats: planets(1) });
    await consumers.tellReport(gameId, jobId, { turn: 1, player_stats: planets(2) });
    expect(await gameOf(gameId)).toMatchObject({ status: 'starting', current_turn: null });

    await consumers.tellResult(gameId, jobId);
    expect(await gameOf(gameId)).toMatchObject({ status: 'running', current_turn: 1 });
  });

  test('with another endpoint binds the game there and hands it over again, at the same time even', async () => {
    const { gameId, jobId } = await startingGame();
    await consumers.tellResult(gameId, jobId);
    const moved = { container_id: 'c-2', engine_endpoint: 'http://127.0.0.1:7002' };
    await consumers.tellResult(gameId, jobId, moved);
    expect(await gameOf(gameId)).toMatchObject({ status: 'running', ...moved });
    expect(registered.slice(1)).toMatchObject([
      { gameId, runtimeJobId: jobId, containerId: 'c-2', engineEndpoint: 'http://127.0.0.1:7002' },
    ]);
    await consumers.tellResult(gameId, jobId, moved);
    expect(registered).toHaveLength(2);
    expect(await stopJobsOf(lobby, gameId)).toEqual([]);
  });

  describe('with another endpoint while the Game Master is away', () => {
    const moved = { container_id: 'c-2', engine_endpoint: 'http://127.0.0.1:7002' };
    let game: { gameId: string; jobId: string };
    /** Resolves once the result has been handled. */
    let handled: Promise<void>;
    beforeEach(async () => {
      game = await startingGame();
      await consumers.tellResult(game.gameId, game.jobId);
      gameMasterIsThere = false;
      handled = consumers.tellResult(game.gameId, game.jobId, moved);
      await vi.waitFor(() => expect(refusals).toBeGreaterThanOrEqual(2), { timeout: 15_000 });
      expect(registered).toHaveLength(1);
    });

    test('binds the game at once, and hands it over again as soon as that succeeds', async () => {
      const bound = await gameOf(game.gameId);
      expect(bound).toMatchObject({ status: 'running', ...moved });
      expect(String(bound.registered_at) < String(bound.bound_at)).toBe(true);

      gameMasterIsThere = true;
      await handled;
      expect(registered.slice(1)).toMatchObject([
        {
          gameId: game.gameId,
          runtimeJobId: game.jobId,
          containerId: 'c-2',
          engineEndpoint: moved.engine_endpoint,
        },
      ]);
      expect(await gameOf(game.gameId)).toMatchObject({ status: 'running', ...moved });
      await consumers.tellResult(game.gameId, game.jobId, moved);
      expect(registered).toHaveLength(2);
    });

    test('goes on with other games, and ends with the game', async () => {
      const other = await startingGame();
      await consumers.add('runtime_results', consumers.resultOf(other.gameId, other.jobId));
      await vi.waitFor(async () => expect(await gameOf(other.gameId)).toMatchObject({ status: 'paused' }), {
        timeout: 15_000,
      });
      expect(await lobby.admin().post(`/games/${game.gameId}/cancel`)).toMatchObject({ status: 200 });
      await handled;
      expect(registered).toHaveLength(1);
    });
  });

  test('tells the Game Master of a game that was cancelled while it was handed over', async () => {
    const { gameId, jobId } = await startingGame();
    await consumers.tell('user_lifecycle', {
      event_id: '019a0000-0000-7000-8000-000000000002',
      event_type: 'deleted',
      user_id: owner.userId,
      reason_code: 'deleted',
      occurred_at_ms: lobby.now().getTime(),
    });
    const { status, revision } = await gameOf(gameId);
    expect(status).toBe('cancelled');
    expect((await toldOf(lobby, gameId)).filter(({ kind }) => kind === 'game_change')).toMatchObject([
      {
        payload: {
          change_id: `${gameId}:${revision}`,
          kind: 'status',
          status: 'cancelled',
          runtime_job_id: jobId,
          occurred_at_ms: lobby.now().getTime(),
        },
      },
    ]);
  });

  test('finishes a game at once that the Game Master has reported to be over', async () => {
    const { gameId, jobId } = await startingGame();
    await consumers.tellReport(gameId, jobId, { event_type: 'game_finished', turn: 3 });
    await consumers.tellResult(gameId, jobId);
    expect(await gameOf(gameId)).toMatchObject({ status: 'finished', current_turn: 3 });
    expect(
      (await toldOf(lobby, gameId)).map(({ kind, payload }) => payload.notification_type ?? kind),
    ).toEqual(expect.arrayContaining(['lobby.game.started', 'lobby.game.finished', 'stop_job']));
  });
});

describe('a game that was started while the Game Master was away', () => {
  const log = createLogger({ service: 'test', level: 'silent' });
  const tick = () => resumeUnregisteredGames(lobby, log, new AbortController().signal);
  async function unregisteredGame() {
    gameMasterIsThere = false;
    const game = await startingGame();
    await consumers.tellResult(game.gameId, game.jobId);
    expect(await gameOf(game.gameId)).toMatchObject({ status: 'paused' });
    return game;
  }

  test('runs by itself once the Game Master is back, and owner and players hear of it once', async () => {
    const { gameId, jobId } = await unregisteredGame();
    await tick();
    expect(await gameOf(gameId)).toMatchObject({ status: 'paused' });
    gameMasterIsThere = true;
    await Promise.all([tick(), tick()]);
    await tick();
    expect(await gameOf(gameId)).toMatchObject({
      status: 'running',
      registered_at: lobby.now().toISOString(),
      started_at: lobby.now().toISOString(),
    });
    expect(registered).toContainEqual(expect.objectContaining({ gameId, runtimeJobId: jobId }));
    expect(await lastMove(gameId)).toMatchObject({ trigger: 'resume', actor: 'worker', from: 'paused' });
    expect(await intentsOf(lobby, gameId, 'lobby.game.resumed')).toMatchObject([{ to: everyone() }]);
  });

  test('that the Game Master refuses stays paused, holds up no other, and is tried again later', async () => {
    const refused = (await unregisteredGame()).gameId;
    lobby.clock.advance(1_000);
    const other = (await unregisteredGame()).gameId;
    refusedGames.add(refused);
    gameMasterIsThere = true;
    await tick();
    expect(await gameOf(refused)).toMatchObject({ status: 'paused' });
    expect(await gameOf(other)).toMatchObject({ status: 'running' });

    refusedGames.clear();
    await tick();
    expect(await gameOf(refused)).toMatchObject({ status: 'paused' });
    lobby.clock.advance(30_000);
    await tick();
    expect(await gameOf(refused)).toMatchObject({ status: 'running' });
  });

  test('is left alone once an admin has corrected it', async () => {
    const { gameId } = await unregisteredGame();
    gameMasterIsThere = true;
    const body = { game_name: 'Orion Spur', reason: 'abusive name' };
    expect(await lobby.admin().post(`/games/${gameId}/correct`, { body })).toMatchObject({ status: 200 });
    await tick();
    expect(await gameOf(gameId)).toMatchObject({ status: 'paused' });
    expect(await owner.post(`/games/${gameId}/resume`)).toMatchObject({ body: { status: 'running' } });
  });

  test('is left alone once a person has paused it', async () => {
    const { gameId } = await unregisteredGame();
    gameMasterIsThere = true;
    await tick();
    await owner.post(`/games/${gameId}/pause`);
    lobby.clock.advance(3_600_000);
    await tick();
    expect(await gameOf(gameId)).toMatchObject({ status: 'paused' });
    expect(registered.filter((runtime) => runtime.gameId === gameId)).toHaveLength(1);
  });
});

describe('a start that failed', () => {
  test('is told with its reason, and can be tried again', async () => {
    const { gameId, jobId } = await startingGame();
    await consumers.tellReport(gameId, jobId, { turn: 0 });
    await consumers.tellResult(gameId, jobId, {
      outcome: 'failure',
      error_code: 'image_missing',
      error_message: 'there is no engine 1.4.0',
    });
    expect(await gameOf(gameId)).toMatchObject({ status: 'start_failed', container_id: null });
    expect(await lastMove(gameId)).toMatchObject({
      trigger: 'runtime_failed',
      actor: 'job_result',
      reason: 'image_missing: there is no engine 1.4.0',
    });
    expect(await intentsOf(lobby, gameId, 'lobby.game.start_failed')).toMatchObject([{ to: [owner.userId] }]);
    expect((await lobby.pool.query('select 1 from lobby.waiting_events')).rowCount).toBe(0);

    const again = await start(gameId, 'retry-start');
    expect(again).not.toBe(jobId);
    await consumers.tellResult(gameId, again);
    expect(await gameOf(gameId)).toMatchObject({ status: 'running' });
  });

  test('gives no seat to those who have left since: those who stay are numbered again, without gaps', async () => {
    const [ann, ben, cleo, dora] = [...players, lobby.player(), lobby.player()] as const;
    const gameId = await makeOpenGame(owner, { min_players: 2 });
    for (const player of [ann, ben, cleo, dora]) {
      await join(player, owner, gameId, nameOf(player));
      lobby.clock.advance(1_000);
    }
    await start(gameId, 'start');
    expect(await seatsOf(gameId)).toEqual([ann, ben, cleo, dora].map(({ userId }, at) => [userId, at + 1]));
    // One leaves while the game is starting, another one once that has failed.
    expect(await ben.post(`/games/${gameId}/leave`)).toMatchObject({ body: { seat: 2 } });
    await timeOut();
    expect(await ann.post(`/games/${gameId}/leave`)).toMatchObject({ status: 200 });

    const again = await start(gameId, 'retry-start');
    await consumers.tellResult(gameId, again);
    expect(registered.map(({ players }) => players.map(({ userId, seat }) => [userId, seat]))).toEqual([
      [
        [cleo.userId, 1],
        [dora.userId, 2],
      ],
    ]);
    expect(await seatsOf(gameId)).toEqual([
      [ann.userId, null],
      [ben.userId, null],
      [cleo.userId, 1],
      [dora.userId, 2],
    ]);
  });

  test('of an earlier start does not count', async () => {
    const { gameId, jobId: earlier } = await startingGame();
    await timeOut();
    await start(gameId, 'retry-start');
    await consumers.tellResult(gameId, earlier, { outcome: 'failure', error_code: 'late' });
    expect(await gameOf(gameId)).toMatchObject({ status: 'starting' });
  });
});

test('a start that is on time is not timed out', async () => {
  const { gameId } = await startingGame();
  lobby.clock.advance(299_999);
  await failOverdueStarts(
    lobby,
    createLogger({ service: 'test', level: 'silent' }),
    new AbortController().signal,
  );
  expect(await gameOf(gameId)).toMatchObject({ status: 'starting' });
});

test('results that make no sense are put into the dead letters, and the next one counts', async () => {
  const { gameId, jobId } = await startingGame();
  const before = await lobby.tables({ except: ['consumers', 'dead_letters'] });
  const unknown = '019a0000-0000-7000-8000-000000000000';
  await consumers.tellResult(unknown, jobId);
  await consumers.tellResult(gameId, jobId, { outcome: 'maybe' });
  await consumers.tell('runtime_results', {
    job_id: jobId,
    game_id: gameId,
    kind: 'start',
    outcome: 'success',
    finished_at_ms: 1,
  });
  expect(await consumers.deadLetters()).toEqual([
    { consumer: 'runtime_results', reason: `there is no game ${unknown}` },
    {
      consumer: 'runtime_results',
      reason: expect.stringContaining('outcome must be one of success, failure'),
    },
    {
      consumer: 'runtime_results',
      reason: 'a successful start must name container_id and engine_endpoint',
    },
  ]);
  expect(await lobby.tables({ except: ['consumers', 'dead_letters'] })).toEqual(before);

  await consumers.tellResult(gameId, jobId);
  expect(await gameOf(gameId)).toMatchObject({ status: 'running' });
});

test('results of stop jobs change nothing', async () => {
  const { gameId, jobId } = await startingGame();
  await consumers.tellResult(gameId, jobId);
  const before = await lobby.tables({ except: ['consumers'] });
  for (const outcome of ['success', 'failure']) {
    await consumers.tellResult(gameId, '019a0000-0000-7000-8000-000000000001', { kind: 'stop', outcome });
  }
  expect(await lobby.tables({ except: ['consumers'] })).toEqual(before);
});
