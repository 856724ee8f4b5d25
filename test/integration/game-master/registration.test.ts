// The registration of a game at the Game Master.
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGameMasterInternalApp } from '../../../handlers/game-master/internal-router.ts';
import {
  createTestGameMaster,
  registrationOf,
  registrationPath,
  type StandingGame,
  type TestGameMaster,
} from '../../support/engines/game-master.ts';
import { callerWith } from '../../support/service-callers.ts';

let gameMaster: TestGameMaster;
beforeAll(async () => {
  gameMaster = await createTestGameMaster();
});
afterAll(() => gameMaster.close());

type Game = StandingGame & { runtime_job_id: string };

function newGame(changes: Partial<Game> = {}): Game {
  return {
    game_id: uuidv7(),
    runtime_job_id: uuidv7(),
    container_id: 'c1',
    engine_endpoint: 'http://127.0.0.1:20001',
    turn_schedule: '0 20 * * *',
    time_zone: 'Europe/Berlin',
    turn_seconds: null,
    min_turn_seconds: 7_200,
    quiet_days: [6, 7],
    grace_seconds: 600,
    early: 'off',
    spectators: true,
    options: { map: { size: 'large' } },
    game_name: 'Fröhliche Gäste',
    owner_user_id: uuidv7(),
    seats: [
      { seat: 2, user_id: uuidv7(), race_name: 'Zerg' },
      { seat: 5, user_id: uuidv7(), race_name: 'Protoss' },
    ],
    ...changes,
  };
}

const register = (game: Game, body: unknown = registrationOf(game)) =>
  gameMaster.internal().post(`/games/${game.game_id}/register-runtime`, { body });
const accepted = (game: Game) => [200, { game_id: game.game_id, runtime_job_id: game.runtime_job_id }];

async function stored(gameId: string): Promise<Record<string, unknown> | undefined> {
  const { rows } = await gameMaster.pool.query(
    `select runtime_job_id, container_id, engine_endpoint, game_name, owner_user_id, turn_schedule, time_zone,
       turn_seconds, min_turn_seconds, quiet_days, grace_seconds, early, spectators, options, status, phase, played_turn, failures, due_at, claimed_by,
       encode(seed, 'hex') as seed, next_attempt_at <= now() as is_due,
       (select json_agg(json_build_array(seat, user_id, label) order by seat) from game_master.seats s
        where s.game_id = g.game_id) as seats
     from game_master.games g where game_id = $1`,
    [gameId],
  );
  return rows[0];
}

describe('a game that is registered', () => {
  test('is stored with its clock and seats, and waits for a turn worker', async () => {
    const game = newGame();
    expect(await register(game)).toEqual(accepted(game));
    const { game_id: _, seats, ...details } = game;
    expect(await stored(game.game_id)).toEqual({
      ...details,
      status: 'running',
      phase: 'setting_up',
      played_turn: 0,
      failures: 0,
      due_at: null,
      claimed_by: null,
      is_due: true,
      seed: expect.stringMatching(/^(?!(..)\1{31})[0-9a-f]{64}$/),
      seats: seats.map(({ seat, user_id, race_name }) => [seat, user_id, race_name]),
    });
  });

  test('by a lobby of an earlier version gets seats in the order of its players, and keeps to its schedule', async () => {
    const game = newGame();
    const { runtime_job_id, container_id, engine_endpoint, turn_schedule, time_zone } = game;
    const players = game.seats.map(({ user_id, race_name }) => ({ user_id, race_name }));
    const body = { runtime_job_id, container_id, engine_endpoint, turn_schedule, time_zone, players };
    expect(await register(game, body)).toEqual(accepted(game));
    expect(await stored(game.game_id)).toMatchObject({
      turn_seconds: null,
      min_turn_seconds: null,
      quiet_days: [],
      grace_seconds: 0,
      early: 'off',
      spectators: false,
      options: {},
      game_name: '',
      owner_user_id: null,
      seats: players.map(({ user_id, race_name }, index) => [index + 1, user_id, race_name]),
    });
  });

  test('with turns of so many seconds closes them early unless it says otherwise', async () => {
    const game = newGame({ turn_schedule: null, turn_seconds: 3_600 });
    const { early: _, ...body } = registrationOf(game);
    expect(await register(game, body)).toEqual(accepted(game));
    expect(await stored(game.game_id)).toMatchObject({
      turn_schedule: null,
      turn_seconds: 3_600,
      early: 'all_ready',
    });
  });

  test('again changes nothing but what has changed, and ends the pause after a failure', async () => {
    const game = newGame();
    await register(game);
    const before = await stored(game.game_id);
    await gameMaster.pool.query(
      `update game_master.games set failures = 3, next_attempt_at = now() + interval '1 hour' where game_id = $1`,
      [game.game_id],
    );
    const moved = { ...game, engine_endpoint: 'http://127.0.0.1:20002', container_id: 'c2' };
    expect(await register(moved)).toEqual(accepted(game));
    expect(await stored(game.game_id)).toEqual({
      ...before,
      engine_endpoint: moved.engine_endpoint,
      container_id: 'c2',
    });
  });

  test('again while a turn is open keeps its time, its seats and its orders', async () => {
    const game = newGame();
    await register(game);
    await openTurn(game.game_id);
    const before = await gameMaster.tables();
    expect(
      await register(game, { ...registrationOf(game), players: [registrationOf(game).players[0]] }),
    ).toEqual(accepted(game));
    expect(await gameMaster.tables()).toEqual(before);
  });

  test('several times at once is registered once', async () => {
    const game = newGame();
    const responses = await Promise.all(Array.from({ length: 8 }, () => register(game)));
    expect(responses).toEqual(Array.from({ length: 8 }, () => accepted(game)));
    expect(await stored(game.game_id)).toMatchObject({ seats: [expect.anything(), expect.anything()] });
  });

  test('with a newer runtime begins anew there, with another seed', async () => {
    const game = newGame();
    await register(game);
    await openTurn(game.game_id);
    const before = await stored(game.game_id);
    const newer = { ...game, runtime_job_id: uuidv7(), seats: game.seats.slice(0, 1) };
    expect(await register(newer)).toEqual(accepted(newer));
    const after = await stored(game.game_id);
    expect(after).toMatchObject({
      runtime_job_id: newer.runtime_job_id,
      phase: 'setting_up',
      played_turn: 0,
      due_at: null,
      claimed_by: null,
      is_due: true,
      seats: [[2, newer.seats[0]?.user_id, 'Zerg']],
    });
    expect(after?.seed).not.toBe(before?.seed);
    const { rows } = await gameMaster.pool.query(
      `select (select count(*)::int from game_master.orders where game_id = $1) as orders,
         (select count(*)::int from game_master.turns where game_id = $1) as turns`,
      [game.game_id],
    );
    expect(rows).toEqual([{ orders: 0, turns: 0 }]);
  });

  test('with an older runtime is refused, and nothing changes', async () => {
    const game = newGame();
    const older = { ...game, runtime_job_id: uuidv7({ msecs: Date.now() - 60_000 }) };
    await register(game);
    const before = await gameMaster.tables();
    expect(await register(older)).toEqual([
      409,
      {
        error: {
          code: 'invalid_state',
          message: `The game has a newer runtime, that of job ${game.runtime_job_id}; nothing was changed.`,
        },
      },
    ]);
    expect(await gameMaster.tables()).toEqual(before);
  });

  test('may have as many players as a game can have', async () => {
    const seats = Array.from({ length: 1_100 }, (_, index) => ({
      seat: index + 1,
      user_id: uuidv7(),
      race_name: `Имя расы номер ${index}`,
    }));
    const game = newGame({ seats });
    expect(await register(game)).toEqual(accepted(game));
    expect((await stored(game.game_id))?.seats).toHaveLength(1_100);
  });
});

/** As a turn worker would: turn 2 is open, and one player has sent orders, while a worker is at the game. */
async function openTurn(gameId: string): Promise<void> {
  const worker = uuidv7();
  await gameMaster.pool.query(
    `update game_master.games set phase = 'open', played_turn = 1, opened_at = now(), manifest = '{}', awaiting = '{2,5}',
       due_at = now() + interval '1 hour', next_attempt_at = now() + interval '1 hour', claimed_by = '${worker}',
       claim_token = '${worker}' where game_id = $1`,
    [gameId],
  );
  await gameMaster.pool.query(
    `insert into game_master.orders (game_id, seat, turn, orders, bytes, ready, stored_at)
     values ($1, 2, 2, '{"column": 3}', 13, true, now())`,
    [gameId],
  );
  await gameMaster.pool.query(
    `insert into game_master.turns (game_id, turn, opened_at, closed_at, close_reason, outcomes, played_at)
     values ($1, 1, now(), now(), 'due', '[]', now())`,
    [gameId],
  );
}

describe('the Game Master refuses', () => {
  type Change = [what: string, change: Record<string, unknown>, field: string, problem: unknown];
  const seat = (number: unknown) => ({ user_id: uuidv7(), race_name: 'Zerg', seat: number });
  const oneClock = ' turn_seconds; a game has one of them';
  const ownSeats = 'must give each player a seat of their own, or none of them any';
  let nested: Record<string, unknown> = {};
  for (let depth = 0; depth < 32; depth++) nested = { nested };
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
    ['no clock', { turn_schedule: null }, 'turn_schedule', `is null, and so is${oneClock}`],
    ['two clocks', { turn_seconds: 60 }, 'turn_schedule', `is set, and so is${oneClock}`],
    ['turns without time', { turn_schedule: null, turn_seconds: 0 }, 'turn_seconds', expect.any(String)],
    [
      'longer turns than 30 days',
      { turn_schedule: null, turn_seconds: 2_592_001 },
      'turn_seconds',
      expect.any(String),
    ],
    [
      'quiet days on which the schedule is always due',
      { turn_schedule: '0 20 * * 6', quiet_days: [6] },
      'quiet_days',
      'are all the days on which turn_schedule comes due; leave one of them',
    ],
    ...[[0], [8], [6, 6], [1, 2, 3, 4, 5, 6, 7], 'weekend'].map(
      (quiet_days): Change => [
        `the quiet days ${quiet_days}`,
        { quiet_days },
        'quiet_days',
        'must be a list of at most 6 different days, from 1 (Monday) to 7 (Sunday)',
      ],
    ),
    ...[0, 2_592_001, 1.5].map(
      (min_turn_seconds): Change => [
        `deadlines that are ${min_turn_seconds} s apart at least`,
        { min_turn_seconds },
        'min_turn_seconds',
        expect.any(String),
      ],
    ),
    ...[-1, 1_296_001, null].map(
      (grace_seconds): Change => [
        `a grace of ${grace_seconds} s`,
        { grace_seconds },
        'grace_seconds',
        expect.any(String),
      ],
    ),
    [
      'a time zone that does not exist',
      { time_zone: 'Europe/Atlantis' },
      'time_zone',
      'must be a name of the IANA tz database, such as Europe/Berlin or UTC',
    ],
    ['no players', { players: [] }, 'players', expect.any(String)],
    ['two players on a seat', { players: [seat(1), seat(1)] }, 'players', ownSeats],
    [
      'a player without a seat beside one who has one',
      { players: [seat(1), seat(undefined)] },
      'players',
      ownSeats,
    ],
    ['a seat that no game has', { players: [seat(1_101)] }, 'players.0.seat', expect.any(String)],
    ['another early', { early: 'sometimes' }, 'early', expect.any(String)],
    ['options that are no object', { options: [1] }, 'options', expect.any(String)],
    ['options that are too deep', { options: nested }, 'options', 'must not be nested deeper than 32 levels'],
    [
      'options that cannot be stored',
      { options: { name: 'a\0b' } },
      'options',
      'must not contain NUL or half of a pair',
    ],
    [
      'options that are too large',
      { options: { map: 'ü'.repeat(8_192) } },
      'options',
      'must not have more than 16384 bytes',
    ],
    ['an unknown field', { turn: 4 }, 'turn', 'is not a known field'],
  ];
  test.each(changes)('%s', async (_, change, field, problem) => {
    const game = newGame();
    expect(await register(game, { ...registrationOf(game), ...change })).toEqual([
      400,
      {
        error: {
          code: 'invalid_request',
          message: 'The request is not valid; see the fields.',
          details: { fields: [{ field, problem }] },
        },
      },
    ]);
    expect(await stored(game.game_id)).toBeUndefined();
  });

  test('a player who is named twice, in whatever letters', async () => {
    const game = newGame();
    const [player] = registrationOf(game).players;
    const twice = [player, { ...player, seat: 3, user_id: player?.user_id.toUpperCase() }];
    expect(await register(game, { ...registrationOf(game), players: twice })).toMatchObject([
      400,
      { error: { details: { fields: [{ field: 'players', problem: 'must name each player once' }] } } },
    ]);
  });

  test('a body that is not JSON, and a game without an id', async () => {
    const game = newGame();
    expect(await register(game, '{')).toMatchObject([400, { error: { code: 'invalid_request' } }]);
    expect(await register({ ...game, game_id: 'the-game' })).toMatchObject([
      400,
      { error: { details: { fields: [{ field: 'game_id', problem: 'must be a UUID' }] } } },
    ]);
  });

  test('callers without its token; only its probes need none', async () => {
    const options = {
      log: gameMaster.log,
      ready: () => true,
      bodyLimitBytes: 1_000_000,
      callers: callerWith('gm-token'),
    };
    const app = createGameMasterInternalApp(options, gameMaster);
    const ask = async (path: string, authorization: string, body?: unknown) => {
      const request =
        body === undefined
          ? { headers: { authorization } }
          : {
              method: 'POST',
              headers: { authorization, 'content-type': 'application/json' },
              body: JSON.stringify(body),
            };
      const response = await app.request(path, request);
      return [response.status, await response.json()];
    };
    const game = newGame();
    const path = registrationPath(game.game_id);
    const refused = [401, { error: { code: 'unauthenticated', message: expect.any(String) } }];
    expect(await ask(path, 'Bearer lobby-token', registrationOf(game))).toEqual(refused);
    expect(await ask('/api/v1/internal/healthz', 'Bearer no')).toEqual(refused);
    expect(await stored(game.game_id)).toBeUndefined();
    expect(await ask('/api/v1/internal/healthz', 'Bearer gm-token')).toEqual([200, { status: 'ok' }]);
    expect(await ask('/healthz', '')).toEqual([200, { status: 'ok' }]);
    expect(await ask('/readyz', '')).toEqual([200, { status: 'ready' }]);
  });
});
