// The Game Master as a real process, with a Redis and engines of its own, all of which are killed and started again while
// a game is played. Afterwards every turn must have been played once, and published in order: the lobby drops repeats by
// their ids. The lobby is a fake.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from 'vitest';
import { freePort } from '../../infra/local/child.ts';
import { type LocalRedis, startRedis } from '../../infra/local/redis.ts';
import { FakeEngine } from '../support/engines/fake-engine.ts';
import { type FakeGame, type FakeLobby, startFakeLobby } from '../support/engines/fake-lobby.ts';
import {
  gameMasterVariables,
  PublishedEvents,
  type RedisDatabase,
  registrationOf,
  registrationPath,
} from '../support/engines/game-master.ts';
import { startTestEngine, type TestEngine } from '../support/engines/sample-engine.ts';
import { type RunningProcess, runEntry } from '../support/run/run-process.ts';

const waiting = { timeout: 60_000, interval: 20 };

let folder: string;
let server: LocalRedis;
let redis: RedisDatabase;
let lobby: FakeLobby;
let published: PublishedEvents;
const startServer = () =>
  startRedis({ dataFolder: join(folder, 'redis'), port: redis.port, password: 'secret' });
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-test-game-master-'));
  const port = await freePort();
  redis = { addr: `127.0.0.1:${port}`, port, password: 'secret', db: 0 };
  server = await startServer();
  published = await PublishedEvents.of(redis);
  lobby = await startFakeLobby();
});
afterAll(async () => {
  published?.close();
  await lobby?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

let gameMaster: RunningProcess;
let addr: string;
const startGameMaster = () => {
  gameMaster = runEntry('workers/game-master.ts', {
    ...gameMasterVariables(redis, lobby.server.url),
    GM_HTTP_ADDR: addr,
    GM_REDIS_OPERATION_TIMEOUT: '500ms',
    GM_LOG_LEVEL: 'warn',
  });
};
async function kill({ child, ended }: RunningProcess): Promise<void> {
  child.kill('SIGKILL');
  await ended;
}
beforeEach(async () => {
  addr = `127.0.0.1:${await freePort()}`;
  startGameMaster();
});
afterEach(async () => {
  await kill(gameMaster);
  lobby.games.clear();
});

async function sampleEngine(variables: Record<string, string>, port?: number): Promise<TestEngine> {
  const engine = await startTestEngine(variables, port);
  onTestFinished(() => kill(engine));
  return engine;
}

async function fakeEngine(): Promise<FakeEngine> {
  const engine = await new FakeEngine().start();
  onTestFinished(() => engine.stop());
  return engine;
}

const turnsOf = async (game: FakeGame) => (await published.once(game.game_id)).map(({ turn }) => turn);
const untilPublished = (game: FakeGame, turn: number) =>
  vi.waitFor(
    async () => expect(Math.max(-1, ...(await turnsOf(game)))).toBeGreaterThanOrEqual(turn),
    waiting,
  );

/** Repeated events are equal except for their time. */
async function expectTrueRepeats(game: FakeGame): Promise<void> {
  const byId = new Map<string, object>();
  for (const { occurred_at_ms: _, ...event } of await published.all(game.game_id)) {
    expect(event).toEqual(byId.get(event.event_id) ?? event);
    byId.set(event.event_id, event);
  }
}

const upTo = (turn: number) => Array.from({ length: turn + 1 }, (_, index) => `${index} ok`);

describe('a Game Master that is killed', () => {
  test('repeatedly still brings every game to its end, and every turn is published', async () => {
    const turns = 30;
    const engines = await Promise.all(
      [1, 2, 3].map(() => sampleEngine({ GALAXY_ENGINE_TURNS: String(turns) })),
    );
    const games = engines.map((engine) => lobby.add({ engine_endpoint: engine.url }));
    const [watched] = games as [FakeGame];
    for (let kills = 1; kills <= 3; kills += 1) {
      await untilPublished(watched, kills * 8);
      await delay(Math.random() * 60);
      await kill(gameMaster);
      startGameMaster();
    }
    for (const game of games) {
      const whole = [...upTo(turns), `${turns} finished`];
      await vi.waitFor(async () => expect(await published.story(game.game_id)).toEqual(whole), waiting);
      await expectTrueRepeats(game);
    }
    expect(await engines[0]?.ask('GET', '/api/v1/game')).toMatchObject([200, { turn: turns }]);
  });

  test('after the engine has played a turn and before it is published, publishes that turn first', async () => {
    const engine = await fakeEngine();
    engine.misbehaviour = async (call) => {
      if (!call.endsWith(' 3') || engine.turn >= 3) return false;
      engine.turn = 3;
      await kill(gameMaster);
      return false;
    };
    const game = lobby.add({ engine_endpoint: engine.url });
    await gameMaster.ended;
    expect(await turnsOf(game)).toEqual([0, 1, 2]);
    startGameMaster();
    await untilPublished(game, 5);
    expect((await published.story(game.game_id)).slice(0, 6)).toEqual(upTo(5));
    expect(engine.requestedTurns.filter((turn) => turn === 3)).toEqual([3]);
  });

  test('after it has published a turn and before the next, publishes it again under the same id', async () => {
    const engine = await fakeEngine();
    engine.misbehaviour = async (call) => {
      if (!call.endsWith(' 4')) return false;
      engine.misbehaviour = () => false;
      await kill(gameMaster);
      return true;
    };
    const game = lobby.add({ engine_endpoint: engine.url });
    await gameMaster.ended;
    startGameMaster();
    await untilPublished(game, 5);
    const ids = (await published.all(game.game_id)).filter(({ turn }) => turn === 3);
    expect(ids.map(({ event_id }) => event_id)).toEqual([ids[0]?.event_id, ids[0]?.event_id]);
    await expectTrueRepeats(game);
  });

  test('before the lobby knows of the end, publishes the end again under the same id', async () => {
    const engine = await fakeEngine();
    engine.lastTurn = 2;
    const game = lobby.add({ engine_endpoint: engine.url });
    const ends = async () =>
      (await published.all(game.game_id)).flatMap(({ event_type, event_id }) =>
        event_type === 'game_finished' ? [event_id] : [],
      );
    await vi.waitFor(async () => expect(await ends()).not.toEqual([]), waiting);
    await kill(gameMaster);
    const before = (await ends()).length;
    startGameMaster();
    await vi.waitFor(async () => expect((await ends()).length).toBeGreaterThan(before), waiting);
    expect(new Set(await ends()).size).toBe(1);
  });

  test('between its response to a registration and the lobby’s commit, still takes the game over', async () => {
    const engine = await fakeEngine();
    const game = lobby.add({ status: 'starting', engine_endpoint: engine.url, registered_at: null });
    await vi.waitFor(async () => {
      const response = await fetch(`http://${addr}${registrationPath(game.game_id)}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(registrationOf(game)),
      });
      expect(response.status).toBe(200);
    }, waiting);
    await kill(gameMaster);
    startGameMaster();
    game.registered_at = new Date().toISOString();
    game.status = 'running';
    await untilPublished(game, 2);
    expect((await published.story(game.game_id)).slice(0, 3)).toEqual(upTo(2));
  });
});

test('an engine that is killed is reported as unreachable, and continues after it is started again', async () => {
  const port = await freePort();
  const variables = {
    GALAXY_ENGINE_TURNS: '12',
    GALAXY_ENGINE_DATA_FOLDER: await mkdtemp(join(folder, 'engine-')),
  };
  const engine = await sampleEngine(variables, port);
  const game = lobby.add({ engine_endpoint: engine.url });
  await untilPublished(game, 4);
  await kill(engine);
  const isTrouble = (line: string) => line.endsWith(' unreachable');
  await vi.waitFor(
    async () => expect((await published.story(game.game_id)).some(isTrouble)).toBe(true),
    waiting,
  );
  await sampleEngine(variables, port);
  const end = '12 finished';
  await vi.waitFor(async () => expect(await published.story(game.game_id)).toContain(end), waiting);
  const story = await published.story(game.game_id);
  expect(story.filter((line) => !isTrouble(line))).toEqual([...upTo(12), end]);
  expect(story.filter(isTrouble)).toHaveLength(1);
});

test('a restart of Redis loses no event: games wait for it, and continue in order', async () => {
  const engine = await sampleEngine({ GALAXY_ENGINE_TURNS: '20' });
  const game = lobby.add({ engine_endpoint: engine.url });
  await untilPublished(game, 5);
  await server.stop();
  const failures = (count: number) =>
    vi.waitFor(
      () => expect(gameMaster.stdout().split('a step of a game failed').length).toBeGreaterThan(count),
      waiting,
    );
  await failures(1);
  const before = await engine.ask('GET', '/api/v1/game');
  await failures(3);
  expect(await engine.ask('GET', '/api/v1/game')).toEqual(before);
  server = await startServer();
  const whole = [...upTo(20), '20 finished'];
  await vi.waitFor(async () => expect(await published.story(game.game_id)).toEqual(whole), waiting);
  await expectTrueRepeats(game);
});
