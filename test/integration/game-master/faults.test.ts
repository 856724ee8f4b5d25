// The Game Master with engines that fail, an unreachable lobby, and an unreachable Redis.
import type { ServerResponse } from 'node:http';
import { v7 as uuidv7 } from 'uuid';
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
import { FakeEngine } from '../../support/engines/fake-engine.ts';
import { type FakeGame, type FakeLobby, startFakeLobby } from '../../support/engines/fake-lobby.ts';
import {
  gameMasterVariables,
  PublishedEvents,
  startTestGameMaster,
  type TestGameMaster,
  waiting,
} from '../../support/engines/game-master.ts';
import { type Answer, json } from '../../support/gateway/fake-upstream.ts';
import { startTcpProxy, type TcpProxy } from '../../support/network/tcp-proxy.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';

// Most tests wait for several turns and time-outs, perhaps on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

let redis: TestRedis;
let linkToRedis: TcpProxy;
let lobby: FakeLobby;
let published: PublishedEvents;
let gameMaster: TestGameMaster;
beforeAll(async () => {
  redis = await createTestRedis();
  linkToRedis = await startTcpProxy(redis);
  published = await PublishedEvents.of(redis);
  lobby = await startFakeLobby();
  gameMaster = await startTestGameMaster({
    ...gameMasterVariables(redis, lobby.server.url),
    GM_REDIS_ADDR: linkToRedis.addr,
    GM_REDIS_OPERATION_TIMEOUT: '1s',
    GM_LOBBY_TIMEOUT: '1500ms',
    GM_ENGINE_TIMEOUT: '1500ms',
  });
});
afterAll(async () => {
  await gameMaster.stop();
  await lobby.close();
  await linkToRedis.close();
  published.close();
  await redis.drop();
});

let engine: FakeEngine;
let game: FakeGame;
beforeEach(async () => {
  engine = await new FakeEngine().start();
  game = newGame();
});
afterEach(async () => {
  for (const left of lobby.games.values()) left.status = 'cancelled';
  await engine.stop();
  lobby.heal();
});
const newGame = (changes: Partial<FakeGame> = {}) => lobby.add({ engine_endpoint: engine.url, ...changes });

const story = () => published.story(game.game_id);
const untilTurn = (turn: number) =>
  vi.waitFor(() => expect(engine.turn).toBeGreaterThanOrEqual(turn), waiting);
const untilPublished = (what: string) =>
  vi.waitFor(async () => expect(await story()).toContain(what), waiting);
const askedFor = () => lobby.server.received.filter(({ url }) => url.endsWith(game.game_id)).length;
async function untilAsked(more: number): Promise<void> {
  const before = askedFor();
  await vi.waitFor(() => expect(askedFor()).toBeGreaterThanOrEqual(before + more), waiting);
}

/** Every turn was published, in order, with nothing in between but the trouble after `last`. */
async function expectWholeStory(last: number, trouble: string[]): Promise<void> {
  const upTo = (turn: number) => Array.from({ length: turn + 1 }, (_, index) => `${index} ok`);
  const expected = [...upTo(last), ...trouble.map((health) => `${last} ${health}`)];
  await vi.waitFor(async () => expect((await story()).length).toBeGreaterThan(expected.length + 1), waiting);
  const all = await story();
  expect(all).toEqual([...expected, ...upTo(all.length - trouble.length - 1).slice(last + 1)]);
}

describe('an engine that dies', () => {
  test('is reported as unreachable, once; when it is back, its game continues with the next turn', async () => {
    await untilTurn(2);
    await engine.stop();
    const { turn } = engine;
    await untilPublished(`${turn} unreachable`);
    await untilAsked(3);
    const troubles = (await published.all(game.game_id)).filter(
      ({ engine_health }) => engine_health !== 'ok',
    );
    expect(troubles).toHaveLength(1);
    expect(troubles[0]).toMatchObject({
      event_type: 'runtime_snapshot_update',
      turn,
      runtime_status: 'running',
      player_stats: engine.state.players,
    });
    await engine.start();
    await expectWholeStory(turn, ['unreachable']);
  });

  test('is not waited for when its game is cancelled', async () => {
    await untilTurn(2);
    await engine.stop();
    await untilPublished(`${engine.turn} unreachable`);
    game.status = 'cancelled';
    await untilAsked(1);
    const asked = askedFor();
    const calls = engine.calls.length;
    await engine.start();
    const elsewhere = await new FakeEngine().start();
    onTestFinished(() => elsewhere.stop());
    const other = newGame({ engine_endpoint: elsewhere.url });
    await vi.waitFor(async () => expect(await published.story(other.game_id)).not.toEqual([]), waiting);
    expect(askedFor()).toBeLessThanOrEqual(asked + 1);
    expect(engine.calls.slice(calls).some((call) => call.startsWith('POST'))).toBe(false);
  });

  test('before its game was set up is reported as unreachable, and turn 0 follows once it runs', async () => {
    const absent = await new FakeEngine().start();
    onTestFinished(() => absent.stop());
    await absent.stop();
    game = newGame({ engine_endpoint: absent.url });
    await untilPublished('0 unreachable');
    await untilAsked(3);
    await absent.start();
    await untilPublished('1 ok');
    const [trouble, beginning] = await published.all(game.game_id);
    expect(trouble).toMatchObject({ turn: 0, engine_health: 'unreachable', player_stats: [] });
    expect(beginning).toMatchObject({ turn: 0, engine_health: 'ok', player_stats: expect.any(Array) });
    expect(beginning?.player_stats).toHaveLength(2);
    expect((await story()).slice(0, 3)).toEqual(['0 unreachable', '0 ok', '1 ok']);
  });

  test('together with the Game Master is reported as unreachable by the next one', async () => {
    const absent = await new FakeEngine().start();
    await absent.stop();
    game = newGame({ engine_endpoint: absent.url, current_turn: 7, engine_health: 'ok' });
    await untilPublished('7 unreachable');
    expect(await published.all(game.game_id)).toMatchObject([{ turn: 7, player_stats: [] }]);
  });

  test('and comes back without its game is not played from the start', async () => {
    await untilTurn(3);
    await engine.stop();
    const { turn } = engine;
    await untilPublished(`${turn} unreachable`);
    const { setup } = engine;
    engine.setup = undefined;
    engine.turn = 0;
    await engine.start();
    await untilPublished(`${turn} state_lost`);
    await untilAsked(2);
    expect(engine.calls.filter((call) => call.startsWith('PUT'))).toHaveLength(1);

    // It has the game again, but in an old state.
    engine.setup = setup;
    engine.turn = 1;
    const asked = engine.requestedTurns.length;
    await untilAsked(2);
    expect(engine.requestedTurns).toHaveLength(asked);

    engine.turn = turn;
    await expectWholeStory(turn, ['unreachable', 'state_lost']);
  });
});

describe('an engine that is faulty', () => {
  const state = (changes: object) => (response: ServerResponse) => respondWith(response, changes);
  const respondWith = (response: ServerResponse, changes: object) =>
    void response.end(JSON.stringify({ ...engine.state, ...changes }));
  const faults: [what: string, health: string, fault: (response: ServerResponse) => void][] = [
    ['fails', 'faulty', (response) => void response.writeHead(500).end('{"error":{}}')],
    ['refuses the turn', 'faulty', (response) => void response.writeHead(409).end('{"error":{}}')],
    [
      'does not know the route',
      'faulty',
      (response) => void response.writeHead(404).end('404 page not found'),
    ],
    ['redirects', 'faulty', (response) => void response.writeHead(302, { location: '/' }).end()],
    ['responds with a page', 'faulty', (response) => void response.end('<html>It works!</html>')],
    ['responds with half a state', 'faulty', (response) => void response.end('{"game_id":"')],
    ['responds with nothing', 'faulty', (response) => void response.end()],
    ['plays another game', 'faulty', state({ game_id: uuidv7() })],
    ['responds with another turn', 'faulty', state({ turn: 99 })],
    ['has an unknown status', 'faulty', state({ status: 'perhaps' })],
    [
      'counts below zero',
      'faulty',
      state({ players: [{ user_id: uuidv7(), planets: -1, population: 0, ships_built: 0 }] }),
    ],
    [
      'sends too much',
      'unreachable',
      (response) => void response.end(JSON.stringify({ padding: 'x'.repeat(2 ** 21) })),
    ],
    ['ends the connection', 'unreachable', (response) => void response.destroy()],
    ['sends nothing', 'unreachable', () => {}],
    ['stops in the middle', 'unreachable', (response) => void response.writeHead(200).write('{')],
    [
      'sends without an end',
      'unreachable',
      (response) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(timer));
      },
    ],
  ];
  test.each(faults)('(it %s) is reported as %s, and asked again', async (_, health, fault) => {
    let faultyTurn: string | undefined;
    engine.misbehaviour = (call, response) => {
      if (!call.startsWith('POST')) return false;
      faultyTurn ??= engine.turn >= 2 ? call : undefined;
      if (call !== faultyTurn) return false;
      fault(response);
      return true;
    };
    await untilPublished(`2 ${health}`);
    expect(engine.turn).toBe(2);
    engine.misbehaviour = () => false;
    await expectWholeStory(2, [health]);
  });
});

describe('an unreachable lobby', () => {
  const failures: [string, Answer][] = [
    ['ends the connection', (_, response) => void response.destroy()],
    ['sends nothing', () => {}],
    ['fails', json(500, { error: { code: 'internal_error', message: 'Broken.' } })],
    ['refuses the token', json(401, { error: { code: 'unauthenticated', message: 'Who are you?' } })],
    ['responds with a page', (_, response) => void response.end('<html>It works!</html>')],
    ['responds with something else', json(200, { status: 'running' })],
  ];
  test.each(failures)(
    '(it %s) stops all turns, and every game continues once it is back',
    async (_, failure) => {
      await untilTurn(2);
      lobby.server.answer = failure;
      // Requests in progress finish first.
      await untilAsked(2);
      const [turn, calls] = [engine.turn, engine.calls.length];
      await untilAsked(2);
      expect([engine.turn, engine.calls.length]).toEqual([turn, calls]);
      lobby.heal();
      await expectWholeStory(turn, []);
    },
  );
});

describe('an unreachable Redis', () => {
  const losses: [string, () => void][] = [
    ['cannot be reached', () => linkToRedis.cut()],
    ['does not respond', () => linkToRedis.stall()],
  ];
  test.each(losses)('(it %s) holds games back after one turn, and loses nothing of them', async (_, lose) => {
    onTestFinished(() => linkToRedis.heal());
    await untilTurn(2);
    lose();
    await untilAsked(3);
    const { turn } = engine;
    await untilAsked(2);
    expect(engine.turn).toBe(turn);
    const before = (await published.once(game.game_id)).at(-1)?.turn ?? 0;
    expect(turn - before).toBeLessThanOrEqual(1);
    linkToRedis.heal();
    await expectWholeStory(turn, []);
  });
});
