// The registration of a game at the Game Master.
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeEngine } from '../../support/engines/fake-engine.ts';
import { type FakeGame, type FakeLobby, startFakeLobby } from '../../support/engines/fake-lobby.ts';
import {
  gameMasterVariables,
  PublishedEvents,
  registrationOf,
  registrationPath,
  startTestGameMaster,
  type TestGameMaster,
  waiting,
} from '../../support/engines/game-master.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';

let redis: TestRedis;
let lobby: FakeLobby;
let gameMaster: TestGameMaster;
let published: PublishedEvents;
beforeAll(async () => {
  redis = await createTestRedis();
  published = await PublishedEvents.of(redis);
  lobby = await startFakeLobby('lobby-token');
  gameMaster = await startTestGameMaster({
    ...gameMasterVariables(redis, lobby.server.url),
    GM_LOBBY_TOKEN: 'lobby-token',
    GM_HTTP_TOKEN: 'gm-token',
    // Turns follow the schedules, and none is due.
    GM_TURN_INTERVAL: '',
    // The Game Master does not look for games here; it has only registered ones.
    GM_RECOVERY_INTERVAL: '1h',
  });
});
afterAll(async () => {
  await gameMaster.stop();
  await lobby.close();
  published.close();
  await redis.drop();
});

let engine: FakeEngine;
let game: FakeGame;
beforeEach(async () => {
  engine = await new FakeEngine().start();
  // The lobby registers a game before it records that the game runs.
  game = lobby.add({ status: 'starting', engine_endpoint: engine.url, registered_at: null });
});
afterEach(() => engine.stop());

const authorization = { authorization: 'Bearer gm-token' };
const register = (body: unknown = registrationOf(game), headers: Record<string, string> = {}) =>
  gameMaster.post(registrationPath(game.game_id), body, { ...authorization, ...headers });
const untilPublished = (count: number) =>
  vi.waitFor(async () => expect(await published.all(game.game_id)).toHaveLength(count), waiting);
const accepted = () => [200, { game_id: game.game_id, runtime_job_id: game.runtime_job_id }];

describe('a game that is registered', () => {
  test('is set up with its players, and turn 0 reports their initial state to the lobby', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    expect(await register(undefined, { traceparent })).toEqual(accepted());
    await untilPublished(1);
    expect(engine.setup).toEqual({ game_id: game.game_id, players: game.players });
    expect(await published.all(game.game_id)).toEqual([
      {
        event_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        event_type: 'runtime_snapshot_update',
        game_id: game.game_id,
        runtime_job_id: game.runtime_job_id,
        turn: 0,
        runtime_status: 'running',
        engine_health: 'ok',
        player_stats: engine.state.players,
        occurred_at_ms: expect.any(Number),
        traceparent,
      },
    ]);
    expect(engine.requestedTurns).toEqual([]);
  });

  test('again with the same body changes nothing', async () => {
    expect(await register()).toEqual(accepted());
    await untilPublished(1);
    const { calls } = engine;
    const before = [...calls];
    for (let again = 0; again < 3; again += 1) expect(await register()).toEqual(accepted());
    // Another game is registered completely in the same time.
    const first = game;
    game = lobby.add({ status: 'starting', engine_endpoint: (await new FakeEngine().start()).url });
    await register();
    await untilPublished(1);
    expect([await published.all(first.game_id), calls]).toEqual([[expect.anything()], before]);
  });

  test('may have as many players as a game can have', async () => {
    game.players = Array.from({ length: 1_100 }, (_, index) => ({
      user_id: uuidv7(),
      race_name: `Имя расы номер ${index}`,
    }));
    expect(await register()).toEqual(accepted());
    await untilPublished(1);
    expect(engine.setup?.players).toEqual(game.players);
  });

  test('with a newer runtime is played there, and no longer by the earlier one', async () => {
    await register();
    await untilPublished(1);
    const newer = await new FakeEngine().start();
    game.runtime_job_id = uuidv7();
    game.engine_endpoint = newer.url;
    const asked = engine.calls.length;
    expect(await register()).toEqual(accepted());
    await untilPublished(2);
    const [first, second] = await published.all(game.game_id);
    expect([second?.runtime_job_id, second?.turn]).toEqual([game.runtime_job_id, 0]);
    expect(first?.event_id).not.toBe(second?.event_id);
    expect(newer.setup?.game_id).toBe(game.game_id);
    expect(engine.calls).toHaveLength(asked);
    await newer.stop();
  });

  test('with an older runtime is refused, and continues with the known one', async () => {
    const older = uuidv7({ msecs: Date.now() - 60_000 });
    await register();
    await untilPublished(1);
    expect(await register({ ...registrationOf(game), runtime_job_id: older })).toEqual([
      409,
      {
        error: {
          code: 'invalid_state',
          message: `The game has a newer runtime, that of job ${game.runtime_job_id}; nothing was changed.`,
        },
      },
    ]);
    expect(await register()).toEqual(accepted());
    expect(await published.all(game.game_id)).toHaveLength(1);
  });

  test('is not played when the lobby knows it with another runtime', async () => {
    const registration = registrationOf(game);
    game.runtime_job_id = uuidv7();
    expect((await register(registration))[0]).toBe(200);
    expect(await register()).toEqual(accepted());
    await untilPublished(1);
    expect(await published.all(game.game_id)).toMatchObject([{ runtime_job_id: game.runtime_job_id }]);
    expect(engine.calls).toEqual(['GET /api/v1/game', 'PUT /api/v1/game']);
  });
});

describe('the Game Master refuses', () => {
  type Change = [what: string, change: Record<string, unknown>, field: string, problem: unknown];
  const changes: Change[] = [
    ['a job id that is not a UUID', { runtime_job_id: 'job-1' }, 'runtime_job_id', 'must be a UUIDv7'],
    [
      'a job whose id has no time',
      { runtime_job_id: '3d813cbb-47fb-42ba-91df-831e1593ac29' },
      'runtime_job_id',
      'must be a UUIDv7',
    ],
    ['no job', { runtime_job_id: undefined }, 'runtime_job_id', expect.any(String)],
    ['an empty container', { container_id: '' }, 'container_id', expect.any(String)],
    [
      'an invalid endpoint',
      { engine_endpoint: '10.0.0.7:9000' },
      'engine_endpoint',
      'must be a URL such as http://10.0.0.7:9000',
    ],
    [
      'an endpoint with another scheme',
      { engine_endpoint: 'file:///etc/passwd' },
      'engine_endpoint',
      'must be a URL such as http://10.0.0.7:9000',
    ],
    [
      'a schedule with seconds',
      { turn_schedule: '0 0 20 * * *' },
      'turn_schedule',
      'must be a cron expression of five fields, such as 0 20 * * 1-5',
    ],
    [
      'a schedule that is never due',
      { turn_schedule: '0 0 30 2 *' },
      'turn_schedule',
      'never comes due; choose a day that exists',
    ],
    [
      'a time zone that does not exist',
      { time_zone: 'Europe/Atlantis' },
      'time_zone',
      'must be an IANA time zone such as Europe/Berlin or UTC',
    ],
    ['no players', { players: [] }, 'players', expect.any(String)],
    [
      'a player without a race name',
      { players: [{ user_id: uuidv7() }] },
      'players.0.race_name',
      expect.any(String),
    ],
    [
      'a player whose user id is not a UUID',
      { players: [{ user_id: 'bob', race_name: 'Zerg' }] },
      'players.0.user_id',
      'must be a UUID',
    ],
    ['an unknown field', { turn: 4 }, 'turn', 'is not a known field'],
  ];
  test.each(changes)('%s', async (_, change, field, problem) => {
    expect(await register({ ...registrationOf(game), ...change })).toEqual([
      400,
      {
        error: {
          code: 'invalid_request',
          message: 'The request is not valid; see the fields.',
          details: { fields: [{ field, problem }] },
        },
      },
    ]);
    expect([engine.calls, await published.all(game.game_id)]).toEqual([[], []]);
  });

  test('a player who is named twice, in whatever letters', async () => {
    const [player] = game.players;
    const twice = [player, { race_name: 'Terran', user_id: player?.user_id.toUpperCase() }];
    expect(await register({ ...registrationOf(game), players: twice })).toMatchObject([
      400,
      { error: { details: { fields: [{ field: 'players', problem: 'must name each player once' }] } } },
    ]);
  });

  test('a body that is not JSON, and a game without an id', async () => {
    expect(await register('{')).toMatchObject([400, { error: { code: 'invalid_request' } }]);
    const nowhere = registrationPath('the-game');
    expect(await gameMaster.post(nowhere, registrationOf(game), authorization)).toMatchObject([
      400,
      { error: { details: { fields: [{ field: 'game_id', problem: 'must be a UUID' }] } } },
    ]);
    expect(engine.calls).toEqual([]);
  });

  test('callers without its token; only its probes need none', async () => {
    const refused = [401, { error: { code: 'unauthenticated', message: expect.any(String) } }];
    expect(await register(undefined, { authorization: 'Bearer lobby-token' })).toEqual(refused);
    expect(await gameMaster.get('/api/v1/internal/healthz')).toEqual(refused);
    expect(await gameMaster.get('/api/v1/internal/healthz', authorization)).toEqual([200, { status: 'ok' }]);
    expect(await gameMaster.get('/healthz')).toEqual([200, { status: 'ok' }]);
    expect(await gameMaster.get('/readyz')).toEqual([200, { status: 'ready' }]);
    expect(engine.calls).toEqual([]);
  });
});
