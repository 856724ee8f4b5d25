// The sample engine as a process, tested against docs/engine-interface.md.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { engineErrorSchema, gameStateSchema } from '../../../lib/engine/api.ts';
import { startTestEngine, type TestEngine } from '../../support/engines/sample-engine.ts';
import { runEntry } from '../../support/run/run-process.ts';

let folder: string;
const engines: TestEngine[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-test-engine-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(async () => {
  for (const { child, ended } of engines.splice(0)) {
    child.kill('SIGTERM');
    await ended;
  }
});

async function startEngine(variables: Record<string, string> = {}): Promise<TestEngine> {
  const engine = await startTestEngine(variables);
  engines.push(engine);
  return engine;
}

const newSetup = () => ({
  game_id: randomUUID(),
  players: [
    { user_id: randomUUID(), race_name: 'Zerg' },
    { user_id: randomUUID(), race_name: 'Protoss' },
  ],
});

const play = (engine: TestEngine, turn: number) => engine.ask('POST', '/api/v1/game/turns', { turn });

describe('the sample engine', () => {
  it('is set up, plays its turns, and is finished', async () => {
    const engine = await startEngine({ GALAXY_ENGINE_TURNS: '3' });
    const setup = newSetup();
    expect(await engine.ask('GET', '/healthz')).toEqual([200, { status: 'ok' }]);
    const states = [await engine.ask('PUT', '/api/v1/game', setup)];
    for (const turn of [1, 2, 3]) {
      const state = await play(engine, turn);
      states.push(state);
      expect(await engine.ask('GET', '/api/v1/game')).toEqual(state);
    }
    expect(
      states.map(([status, state]) => {
        const { turn, status: gameStatus, ...game } = gameStateSchema.parse(state);
        expect(game.game_id).toBe(setup.game_id);
        expect(game.players.map(({ user_id }) => user_id).toSorted()).toEqual(
          setup.players.map(({ user_id }) => user_id).toSorted(),
        );
        return [status, turn, gameStatus];
      }),
    ).toEqual([
      [200, 0, 'running'],
      [200, 1, 'running'],
      [200, 2, 'running'],
      [200, 3, 'finished'],
    ]);
  });

  it('responds to a repeated set-up and a repeated turn with its state, and plays nothing', async () => {
    const engine = await startEngine();
    const setup = newSetup();
    await engine.ask('PUT', '/api/v1/game', setup);
    const played = await play(engine, 1);
    expect(await play(engine, 1)).toEqual(played);
    const turned = { ...setup, players: setup.players.toReversed() };
    expect(await engine.ask('PUT', '/api/v1/game', turned)).toEqual(played);
    expect(await engine.ask('GET', '/api/v1/game')).toEqual(played);
  });

  it('plays a turn once that is requested many times at once', async () => {
    const engine = await startEngine();
    await engine.ask('PUT', '/api/v1/game', newSetup());
    const responses = await Promise.all(Array.from({ length: 20 }, () => play(engine, 1)));
    expect(new Set(responses.map((response) => JSON.stringify(response))).size).toBe(1);
    expect(await engine.ask('GET', '/api/v1/game')).toEqual(responses[0]);
  });

  it('refuses requests that do not fit, with a message, and changes nothing', async () => {
    const engine = await startEngine({ GALAXY_ENGINE_TURNS: '1' });
    const setup = newSetup();
    const refused = async (response: Promise<[number, unknown]>) => {
      const [status, body] = await response;
      const { code, message } = engineErrorSchema.parse(body).error;
      return [status, code, message];
    };
    const [noGame, other] = [/has been set up/, /nothing was changed/];
    expect(await refused(engine.ask('GET', '/api/v1/game'))).toEqual([
      404,
      'not_found',
      expect.stringMatching(noGame),
    ]);
    expect(await refused(play(engine, 1))).toEqual([404, 'not_found', expect.stringMatching(noGame)]);
    const [, before] = await engine.ask('PUT', '/api/v1/game', setup);
    for (const wrong of [
      { ...setup, game_id: randomUUID() },
      { ...setup, players: setup.players.slice(1) },
      newSetup(),
    ]) {
      expect(await refused(engine.ask('PUT', '/api/v1/game', wrong))).toEqual([
        409,
        'invalid_state',
        expect.stringMatching(other),
      ]);
    }
    expect(await refused(play(engine, 2))).toEqual([
      409,
      'invalid_state',
      'Turn 2 cannot be played; the next one is 1.',
    ]);
    const [first] = setup.players;
    for (const malformed of [
      {},
      { ...setup, players: [] },
      { ...setup, players: [first, first] },
      { ...setup, colour: 'red' },
      { ...setup, game_id: 'one' },
    ]) {
      expect(await refused(engine.ask('PUT', '/api/v1/game', malformed))).toEqual([
        400,
        'invalid_request',
        expect.any(String),
      ]);
    }
    for (const turn of [0, 1.5, -1, '1', null]) {
      expect(await refused(engine.ask('POST', '/api/v1/game/turns', { turn }))).toEqual([
        400,
        'invalid_request',
        expect.any(String),
      ]);
    }
    expect(await engine.ask('GET', '/api/v1/game')).toEqual([200, before]);
    await play(engine, 1);
    expect(await refused(play(engine, 2))).toEqual([
      409,
      'invalid_state',
      'Turn 2 cannot be played: the game finished with turn 1.',
    ]);
  });

  it('accepts a game with the maximum number of players', async () => {
    const engine = await startEngine();
    const players = Array.from({ length: 1_100 }, (_, index) => ({
      user_id: randomUUID(),
      race_name: `Race ${index}`,
    }));
    const [status] = await engine.ask('PUT', '/api/v1/game', { game_id: randomUUID(), players });
    expect(status).toBe(200);
    expect((await play(engine, 1))[0]).toBe(200);
  });

  it('continues where it was after it was killed', async () => {
    const GALAXY_ENGINE_DATA_FOLDER = join(folder, randomUUID());
    const setup = newSetup();
    const first = await startEngine({ GALAXY_ENGINE_DATA_FOLDER });
    await first.ask('PUT', '/api/v1/game', setup);
    const played = await play(first, 1);
    first.child.kill('SIGKILL');
    await first.ended;
    const second = await startEngine({ GALAXY_ENGINE_DATA_FOLDER });
    expect(await second.ask('GET', '/api/v1/game')).toEqual(played);
    expect(await second.ask('PUT', '/api/v1/game', setup)).toEqual(played);
    expect((await play(second, 2))[1]).toMatchObject({ turn: 2 });
  });

  it('ends on SIGTERM with exit code 0', async () => {
    const engine = await startEngine();
    engine.child.kill('SIGTERM');
    expect((await engine.ended).exitCode).toBe(0);
  });

  it('refuses to start without a port, and with a game file that it cannot read', async () => {
    const broken = join(folder, randomUUID());
    const first = await startEngine({ GALAXY_ENGINE_DATA_FOLDER: broken });
    await first.ask('PUT', '/api/v1/game', newSetup());
    await writeFile(join(broken, 'game.json'), '{"gameId":');
    const refusal = await runEntry('workers/sample-engine.ts', { GALAXY_ENGINE_DATA_FOLDER: broken }).ended;
    expect(refusal.exitCode).toBe(1);
    expect(refusal.stderr.trimEnd().split('\n')).toEqual([
      'sample-engine refuses to start: 2 problems',
      expect.stringMatching(/^ {2}GALAXY_ENGINE_PORT: is not set\./),
      expect.stringMatching(/^ {2}GALAXY_ENGINE_DATA_FOLDER: \S+game\.json is no game of the sample engine/),
    ]);
  });
});
