// How the Game Master plays its games: every turn once and in order, when it is due, and only while the lobby says that
// the game runs.
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
  turnMs,
  waiting,
} from '../../support/engines/game-master.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';

// Most tests wait for several turns and time-outs, perhaps on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

let redis: TestRedis;
let lobby: FakeLobby;
let published: PublishedEvents;
beforeAll(async () => {
  redis = await createTestRedis();
  published = await PublishedEvents.of(redis);
  lobby = await startFakeLobby();
});
afterAll(async () => {
  await lobby.close();
  published.close();
  await redis.drop();
});

let gameMaster: TestGameMaster | undefined;
let engines: FakeEngine[];
beforeEach(() => {
  gameMaster = undefined;
  engines = [];
});
afterEach(async () => {
  await gameMaster?.stop();
  await Promise.all(engines.map((engine) => engine.stop()));
  lobby.games.clear();
  lobby.heal();
});

async function startGameMaster(variables: Record<string, string> = {}): Promise<TestGameMaster> {
  gameMaster = await startTestGameMaster({
    ...gameMasterVariables(redis, lobby.server.url),
    ...variables,
  });
  return gameMaster;
}

async function startEngine(): Promise<FakeEngine> {
  const engine = await new FakeEngine().start();
  engines.push(engine);
  return engine;
}

/** Adds a running game that the Game Master finds, with its engine. */
async function runningGame(changes: Partial<FakeGame> = {}): Promise<{ game: FakeGame; engine: FakeEngine }> {
  const engine = await startEngine();
  return { engine, game: lobby.add({ engine_endpoint: engine.url, ...changes }) };
}

const untilStory = (gameId: string, story: string[]) =>
  vi.waitFor(async () => expect(await published.story(gameId)).toEqual(story), waiting);
const untilTurn = (engine: FakeEngine, turn: number) =>
  vi.waitFor(() => expect(engine.turn).toBeGreaterThanOrEqual(turn), waiting);

/** How often the lobby was asked for one game. */
const askedFor = (gameId: string) =>
  lobby.server.received.filter(({ url }) => url === `/api/v1/internal/games/${gameId}`).length;

/** Waits until the lobby has been asked for the game `more` more times. */
async function untilAsked(gameId: string, more: number): Promise<void> {
  const before = askedFor(gameId);
  await vi.waitFor(() => expect(askedFor(gameId)).toBeGreaterThanOrEqual(before + more), waiting);
}

/** Waits until a new game has been played for three turns: time in which anything else could happen. */
async function anotherGameRuns(): Promise<void> {
  const { engine } = await runningGame();
  await untilTurn(engine, 3);
}

const oneToFive = ['0 ok', '1 ok', '2 ok', '3 ok', '4 ok', '5 ok'];

describe('a game', () => {
  test('is played to its end: one snapshot per turn, and the end is published until the lobby knows of it', async () => {
    const engine = await startEngine();
    engine.lastTurn = 5;
    const game = lobby.add({ status: 'starting', engine_endpoint: engine.url, registered_at: null });
    const { post } = await startGameMaster();
    expect((await post(registrationPath(game.game_id), registrationOf(game)))[0]).toBe(200);
    await untilStory(game.game_id, ['0 ok']);
    game.status = 'running';
    await untilStory(game.game_id, [...oneToFive, '5 finished']);

    const ends = async () =>
      (await published.all(game.game_id)).filter(({ event_type }) => event_type === 'game_finished');
    await vi.waitFor(async () => expect((await ends()).length).toBeGreaterThan(3), waiting);
    expect(new Set((await ends()).map(({ event_id }) => event_id)).size).toBe(1);
    expect(await ends()).toContainEqual(
      expect.objectContaining({ turn: 5, runtime_status: 'finished', player_stats: engine.state.players }),
    );

    game.status = 'finished';
    await untilAsked(game.game_id, 1);
    const [entries, asked] = [(await published.all(game.game_id)).length, askedFor(game.game_id)];
    await anotherGameRuns();
    // One more may have been in progress when the lobby changed its response.
    expect((await published.all(game.game_id)).length).toBeLessThanOrEqual(entries + 1);
    expect(askedFor(game.game_id)).toBeLessThanOrEqual(asked + 1);
    expect(engine.requestedTurns).toEqual([1, 2, 3, 4, 5]);
    const turns = (await published.all(game.game_id)).filter(
      ({ event_type }) => event_type !== 'game_finished',
    );
    expect(turns.map(({ turn }) => turn)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('that is paused is not played, and continues where it was when it is resumed', async () => {
    const { game, engine } = await runningGame();
    await startGameMaster();
    await untilTurn(engine, 2);
    game.status = 'paused';
    // The first request may have been sent before.
    await untilAsked(game.game_id, 2);
    const turn = engine.turn;
    await untilAsked(game.game_id, 3);
    expect([engine.turn, (await published.once(game.game_id)).at(-1)?.turn]).toEqual([turn, turn]);
    game.status = 'running';
    await untilTurn(engine, turn + 2);
    expect(engine.requestedTurns).toEqual(Array.from({ length: engine.turn }, (_, index) => index + 1));
  });

  test.each(['cancelled', 'finished', 'start_failed'] as const)(
    'that is %s is dropped: its engine gets no more requests',
    async (status) => {
      const { game, engine } = await runningGame();
      await startGameMaster();
      await untilTurn(engine, 2);
      game.status = status;
      await untilAsked(game.game_id, 1);
      // One request may precede the change; none follows it.
      await anotherGameRuns();
      const [asked, calls] = [askedFor(game.game_id), engine.calls.length];
      await anotherGameRuns();
      expect([askedFor(game.game_id), engine.calls.length]).toEqual([asked, calls]);
    },
  );

  test('that was started again with another job is played by the new engine', async () => {
    const { game, engine } = await runningGame();
    await startGameMaster();
    await untilTurn(engine, 2);
    const newer = await startEngine();
    Object.assign(game, { runtime_job_id: uuidv7(), engine_endpoint: newer.url, current_turn: null });
    await untilTurn(newer, 2);
    const calls = engine.calls.length;
    await untilTurn(newer, 4);
    expect(engine.calls).toHaveLength(calls);
  });

  test('that was never registered is not touched', async () => {
    const { engine } = await runningGame({ status: 'paused', registered_at: null });
    const { engine: unbound } = await runningGame({ engine_endpoint: null });
    await startGameMaster();
    await anotherGameRuns();
    expect([engine.calls, unbound.calls]).toEqual([[], []]);
  });

  test('plays no turn twice when the engine’s response to it was lost', async () => {
    const { game, engine } = await runningGame();
    const lost: number[] = [];
    engine.misbehaviour = (call, response) => {
      const turn = Number(call.split(' ')[2]);
      if (turn !== 3 || lost.length > 0) return false;
      lost.push(turn);
      engine.turn = turn;
      response.destroy();
      return true;
    };
    await startGameMaster();
    await untilTurn(engine, 5);
    expect(lost).toEqual([3]);
    await vi.waitFor(
      async () => expect((await published.story(game.game_id)).slice(0, 7)).toHaveLength(7),
      waiting,
    );
    expect((await published.story(game.game_id)).slice(0, 7)).toEqual([
      ...['0 ok', '1 ok', '2 ok', '2 unreachable', '3 ok', '4 ok', '5 ok'],
    ]);
    expect(engine.requestedTurns.filter((turn) => turn === 3)).toEqual([3]);
  });
});

describe('games', () => {
  test('are played side by side, up to the limit, and each game one turn after the other', async () => {
    let atOnce = 0;
    let most = 0;
    const games = await Promise.all(Array.from({ length: 6 }, () => runningGame()));
    for (const { engine } of games) {
      engine.misbehaviour = async (call) => {
        if (!call.startsWith('POST')) return false;
        atOnce += 1;
        most = Math.max(most, atOnce);
        // Long enough for another one to arrive, if one were allowed.
        await vi.waitFor(() => expect(most).toBe(3), { timeout: 2_000, interval: 5 }).catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, turnMs));
        atOnce -= 1;
        return false;
      };
    }
    await startGameMaster({ GM_GAMES_AT_ONCE: '3' });
    for (const { engine } of games) await untilTurn(engine, 3);
    expect(most).toBe(3);
    for (const { game, engine } of games) {
      expect(engine.mostAtOnce).toBe(1);
      const turns = (await published.all(game.game_id)).map(({ turn }) => turn);
      expect(turns).toEqual(turns.toSorted((a, b) => a - b));
    }
  });

  test('are found page by page, the paused ones too, with the players that the lobby lists', async () => {
    const games = [];
    for (const status of ['running', 'paused', 'running', 'running', 'paused', 'paused'] as const) {
      games.push(await runningGame({ status }));
    }
    const crowd = games[0]?.game;
    crowd?.players.push({ user_id: crypto.randomUUID(), race_name: 'Terran' });
    await startGameMaster();
    for (const { game, engine } of games) {
      await vi.waitFor(() => expect(engine.setup?.players).toEqual(game.players), waiting);
      if (game.status === 'running') await untilTurn(engine, 1);
      else expect(engine.turn).toBe(0);
    }
  });
});

describe('on its schedule', () => {
  const bySchedule = { GM_TURN_INTERVAL: '' };
  const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
  const hourMs = 3_600_000;
  /** Once a day, and hours away from the time at which this runs. */
  const farAway = () => `0 ${(new Date().getUTCHours() + 12) % 24} * * *`;

  test('a game plays no turn that is not due', async () => {
    const { game, engine } = await runningGame({ turn_schedule: farAway(), time_zone: 'UTC' });
    const { engine: yearly } = await runningGame({
      turn_schedule: `0 0 1 ${((new Date().getUTCMonth() + 6) % 12) + 1} *`,
    });
    await startGameMaster(bySchedule);
    await untilStory(game.game_id, ['0 ok']);
    const other = await runningGame({ turn_schedule: farAway(), time_zone: 'UTC' });
    await untilStory(other.game.game_id, ['0 ok']);
    expect([engine.requestedTurns, yearly.requestedTurns]).toEqual([[], []]);
  });

  test('a game that missed several turns plays one of them', async () => {
    const { game, engine } = await runningGame({
      turn_schedule: farAway(),
      time_zone: 'UTC',
      current_turn: 4,
      snapshot_at: ago(96 * hourMs),
    });
    engine.setup = { game_id: game.game_id, players: game.players };
    engine.turn = 4;
    await startGameMaster(bySchedule);
    await untilStory(game.game_id, ['4 ok', '5 ok']);
    const other = await runningGame({ turn_schedule: farAway(), time_zone: 'UTC' });
    await untilStory(other.game.game_id, ['0 ok']);
    expect(engine.requestedTurns).toEqual([5]);
  });

  test('a turn that was due when the Game Master ended is played at once', async () => {
    const { game, engine } = await runningGame({
      turn_schedule: farAway(),
      time_zone: 'UTC',
      current_turn: 4,
      engine_health: 'unreachable',
      snapshot_at: ago(1_000),
    });
    engine.setup = { game_id: game.game_id, players: game.players };
    engine.turn = 4;
    await startGameMaster(bySchedule);
    await untilStory(game.game_id, ['4 ok', '5 ok']);
    expect(engine.requestedTurns).toEqual([5]);
  });

  test('turns missed during a pause are not played later', async () => {
    const { game, engine } = await runningGame({
      status: 'paused',
      turn_schedule: farAway(),
      time_zone: 'UTC',
      current_turn: 4,
      snapshot_at: ago(96 * hourMs),
    });
    engine.setup = { game_id: game.game_id, players: game.players };
    engine.turn = 4;
    await startGameMaster(bySchedule);
    // Once for the take-over, and once for the turn that would be due without the pause.
    await vi.waitFor(() => expect(askedFor(game.game_id)).toBe(2), waiting);
    game.status = 'running';
    const other = await runningGame({ turn_schedule: farAway(), time_zone: 'UTC' });
    await untilStory(other.game.game_id, ['0 ok']);
    expect([engine.requestedTurns, askedFor(game.game_id)]).toEqual([[], 2]);
  });

  test('an invalid schedule affects only its own game', async () => {
    const { engine: broken } = await runningGame({ turn_schedule: 'whenever' });
    const { game, engine } = await runningGame({
      turn_schedule: farAway(),
      time_zone: 'UTC',
      snapshot_at: ago(96 * hourMs),
    });
    await startGameMaster(bySchedule);
    await untilStory(game.game_id, ['0 ok', '1 ok']);
    expect([engine.requestedTurns, broken.requestedTurns]).toEqual([[1], []]);
  });
});

describe('on SIGTERM', () => {
  test('it finishes the turn in progress and publishes it', async () => {
    const { game, engine } = await runningGame();
    const asked = Promise.withResolvers<void>();
    const played = Promise.withResolvers<void>();
    engine.misbehaviour = async (call) => {
      if (!call.endsWith(' 3')) return false;
      asked.resolve();
      await played.promise;
      return false;
    };
    const running = await startGameMaster();
    await asked.promise;
    const stopped = running.stop();
    await vi.waitFor(
      async () => expect(await fetch(running.url).catch(() => undefined)).toBeUndefined(),
      waiting,
    );
    played.resolve();
    await stopped;
    expect((await published.story(game.game_id)).at(-1)).toBe('3 ok');
    expect(engine.requestedTurns).toEqual([1, 2, 3]);
  });

  test('it waits for an engine no longer than its shutdown time-out', async () => {
    const { game, engine } = await runningGame();
    const asked = Promise.withResolvers<void>();
    engine.misbehaviour = (call) => {
      if (!call.endsWith(' 3')) return false;
      asked.resolve();
      return true;
    };
    const running = await startGameMaster({ GM_SHUTDOWN_TIMEOUT: '200ms' });
    await asked.promise;
    await running.stop();
    expect((await published.story(game.game_id)).at(-1)).toBe('2 ok');
  });
});
