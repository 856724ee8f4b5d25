// An engine that is made with the kit, as a process: what it has responded with is true for good, wherever it is killed.
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestEngine, type TestEngine } from '../../support/engines/four-in-a-row.ts';
import { runEntry } from '../../support/run/run-process.ts';

const entry = 'test/support/engines/sealed-bids.ts';
const setup = {
  game_id: '01930f3c-7b1a-7000-8000-0000000000aa',
  seed: 'c4'.repeat(32),
  seats: [
    { seat: 1, label: 'Vegans', bot: false },
    { seat: 2, label: 'Orions', bot: false },
    { seat: 3, label: 'Bot 1', bot: true },
  ],
  options: { turns: 50, ballast: 5_000 },
};
const turn = (number: number, bids: readonly [number, number] = [number % 3, number % 2]) => ({
  turn: number,
  orders: bids.map((bid, index) => ({ seat: index + 1, orders: { bid }, state: 'ready' })),
});

const running: TestEngine[] = [];
const folders: string[] = [];

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'galaxy-engine-'));
  folders.push(folder);
  return folder;
}

async function startEngine(folder: string, ballast = false): Promise<TestEngine> {
  const engine = await startTestEngine({ GALAXY_ENGINE_DATA_FOLDER: folder }, undefined, entry);
  running.push(engine);
  if (!ballast) return engine;
  expect(await engine.ask('PUT', '/api/v1/game', setup)).toMatchObject([200, { turn: 0 }]);
  return engine;
}

/** Of a request that declares more than any may have; the response comes before its body. */
async function statusOfLargeBody(url: string): Promise<number | undefined> {
  const headers = { 'content-type': 'application/json', 'content-length': String(9 * 1024 * 1024 + 1) };
  const sent = request(`${url}/api/v1/game/turns`, { method: 'POST', headers });
  sent.flushHeaders();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  sent.destroy();
  return response.statusCode;
}

async function kill(engine: TestEngine): Promise<void> {
  engine.child.kill('SIGKILL');
  await engine.ended;
}

afterAll(async () => {
  for (const engine of running) engine.child.kill('SIGKILL');
  await Promise.all(running.map(({ ended }) => ended));
  for (const folder of folders) await rm(folder, { recursive: true });
});

describe('an engine that is killed', () => {
  it('in the middle of its set-up or of a turn has all of it or nothing, and goes on', {
    timeout: 60_000,
  }, async () => {
    const folder = await newFolder();
    /** As first told: nothing of it may change. */
    const told = new Map<number, unknown>();
    // The first two in the set-up, most likely; the others so long after the first response.
    for (const [round, afterMs] of [1, 8, 0, 5, 20].entries()) {
      const engine = await startEngine(folder);
      const [setUpStatus, state] = await engine.ask('GET', '/api/v1/game');
      const known = setUpStatus === 404 ? -1 : (state as { turn: number }).turn;
      expect(known).toBeGreaterThanOrEqual(Math.max(-1, ...told.keys()));
      if (known > 0) {
        const again = await engine.ask('POST', '/api/v1/game/turns', turn(known));
        expect(again).toMatchObject([200, { turn: known }]);
        if (told.has(known)) expect(again[1]).toEqual(told.get(known));
      }
      let heard: () => void = () => undefined;
      const firstResponse = new Promise<void>((resolve) => {
        heard = resolve;
      });
      const go = async () => {
        for (let next = known + 1; ; next++) {
          const [status, response] =
            next === 0
              ? await engine.ask('PUT', '/api/v1/game', setup)
              : await engine.ask('POST', '/api/v1/game/turns', turn(next));
          expect(status).toBe(200);
          told.set(next, response);
          heard();
        }
      };
      const end = go().then(
        () => 'done',
        (error: unknown) => error,
      );
      if (round > 1) await firstResponse;
      await delay(afterMs);
      await kill(engine);
      // The connection broke in the middle; anything else is a failure of the engine.
      expect(await end).toBeInstanceOf(TypeError);
    }
    expect(told.size).toBeGreaterThan(2);

    const engine = await startEngine(folder);
    const [, state] = await engine.ask('GET', '/api/v1/game');
    const { turn: last } = state as { turn: number };
    // Another engine that nobody kills plays the same game.
    const calm = await startEngine(await newFolder(), true);
    for (let next = 1; next <= last; next++) await calm.ask('POST', '/api/v1/game/turns', turn(next));
    for (let number = 0; number <= last; number++) {
      const path = `/api/v1/game/view?for=seat:1&turn=${number}`;
      expect(await engine.ask('GET', path)).toEqual(await calm.ask('GET', path));
    }
    expect(await calm.ask('GET', '/api/v1/game')).toEqual([200, state]);
  });
});

describe('an engine', () => {
  let engine: TestEngine;
  let folder: string;
  beforeAll(async () => {
    folder = await newFolder();
    engine = await startEngine(folder);
  });

  const state = () => engine.ask('GET', '/api/v1/game');
  const refusal = (status: number, code: string, message: string) => [
    status,
    { error: { code, message: expect.stringContaining(message) } },
  ];

  it('knows no game before the set-up', async () => {
    const none = refusal(404, 'not_found', 'No game has been set up here yet');
    expect(await state()).toMatchObject(none);
    expect(await engine.ask('POST', '/api/v1/game/turns', turn(1))).toMatchObject(none);
    expect(await engine.ask('GET', '/api/v1/game/view?for=seat:1')).toMatchObject(none);
    expect(await engine.ask('PUT', '/api/v1/game/seats/1', { vacant: true })).toMatchObject(none);
  });

  it('refuses a set-up that it cannot play, and takes none of it', async () => {
    const wrong: [object, string][] = [
      [{ seats: setup.seats.slice(0, 1) }, 'This game takes 2 to 4 seats, not 1.'],
      [{ seats: [setup.seats[0], setup.seats[0]] }, 'The request is not valid'],
      [{ options: { turns: 0 } }, 'The options are not valid'],
      [{ options: { rounds: 3 } }, 'The options are not valid'],
      [{ seed: 'short' }, 'The request is not valid'],
      [{ secret: true }, 'The request is not valid'],
    ];
    for (const [change, message] of wrong) {
      const response = await engine.ask('PUT', '/api/v1/game', { ...setup, ...change });
      expect(response).toMatchObject(refusal(400, 'invalid_request', message));
    }
    expect((await state())[0]).toBe(404);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is set up once: a repeat gets the state, another game is refused', async () => {
    const first = await engine.ask('PUT', '/api/v1/game', setup);
    expect(first).toMatchObject([200, { turn: 0, status: 'running', awaiting: [1, 2, 3] }]);
    expect(await engine.ask('PUT', '/api/v1/game', { ...setup, seats: setup.seats.toReversed() })).toEqual(
      first,
    );
    for (const change of [{ seed: 'd5'.repeat(32) }, { options: {} }]) {
      const response = await engine.ask('PUT', '/api/v1/game', { ...setup, ...change });
      expect(response).toMatchObject(refusal(409, 'invalid_state', 'as it was set up first'));
    }
  });

  it('says what is wrong with orders, and changes nothing', async () => {
    const before = await state();
    const validate = (body: object) =>
      engine.ask('POST', '/api/v1/game/orders/validate', { seat: 1, turn: 1, orders: { bid: 1 }, ...body });
    expect(await validate({})).toEqual([200, { problems: [] }]);
    expect(await validate({ orders: { bid: 11 } })).toMatchObject([200, { problems: [{ path: '/bid' }] }]);
    expect(await validate({ orders: null })).toMatchObject([200, { problems: [{ path: '' }] }]);
    expect(await validate({ orders: { bid: 'x'.repeat(65 * 1024) } })).toEqual([
      200,
      { problems: [{ path: '', message: 'is larger than 65536 bytes' }] },
    ]);
    expect(await validate({ turn: 2 })).toMatchObject(refusal(409, 'invalid_state', 'the next one is 1'));
    expect(await validate({ seat: 9 })).toMatchObject(refusal(400, 'invalid_request', 'has no seat 9'));
    expect(await validate({ seat: 3 })).toMatchObject(refusal(400, 'invalid_request', "Seat 3 is a bot's"));
    expect(await validate({ orders: undefined })).toMatchObject(refusal(400, 'invalid_request', ''));
    expect(await state()).toEqual(before);
  });

  it('refuses turns that are not due or not as described, and plays none of them', async () => {
    const before = await state();
    const [one, two] = turn(1).orders;
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    const wrong: [unknown, number, string][] = [
      [turn(2), 409, 'the next one is 1'],
      [{ turn: 1, orders: [one] }, 400, 'Seat 2 is awaited and not named.'],
      [{ turn: 1, orders: [one, one] }, 400, 'Seat 1 is named twice.'],
      [{ turn: 1, orders: [one, two, { seat: 3, orders: { bid: 1 }, state: 'ready' }] }, 400, "is a bot's"],
      [{ turn: 1, orders: [one, { seat: 4, orders: null, state: 'missing' }] }, 400, 'has no seat 4'],
      [{ turn: 1, orders: [one, { ...two, state: 'missing' }] }, 400, 'is missing and has orders'],
      [{ turn: 1, orders: [one, { ...two, orders: null }] }, 400, 'is ready and has no orders'],
      [{ turn: 1, orders: [one, { ...two, orders: { bid: 11 } }] }, 400, 'has orders that are not valid'],
      [{ ...turn(1), now: true }, 400, 'The request is not valid'],
    ];
    for (const [body, status, message] of wrong) {
      const response = await engine.ask('POST', '/api/v1/game/turns', body);
      expect(response).toMatchObject([status, { error: { message: expect.stringContaining(message) } }]);
    }
    const nested = await fetch(`${engine.url}/api/v1/game/turns`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"turn":1,"orders":[{"seat":1,"state":"ready","orders":${deep}}]}`,
    });
    expect([nested.status, await nested.text()]).toEqual([400, expect.stringContaining('nested')]);
    expect(await statusOfLargeBody(engine.url)).toBe(413);
    expect(await state()).toEqual(before);
    expect(await readdir(folder)).toEqual(['turn-0.json.gz']);
  });

  it('plays a turn that is requested twice at once a single time, and other orders for it never', async () => {
    const [first, second] = await Promise.all([
      engine.ask('POST', '/api/v1/game/turns', turn(1)),
      engine.ask('POST', '/api/v1/game/turns', { turn: 1, orders: turn(1).orders.toReversed() }),
    ]);
    expect(first).toMatchObject([200, { turn: 1, events: [{ type: 'prize' }] }]);
    expect(second).toEqual(first);
    const other = refusal(409, 'invalid_state', 'Turn 1 was played with other orders');
    expect(await engine.ask('POST', '/api/v1/game/turns', turn(1, [5, 5]))).toMatchObject(other);
    await kill(engine);
    engine = await startEngine(folder);
    expect(await engine.ask('POST', '/api/v1/game/turns', turn(1))).toEqual(first);
    expect(await engine.ask('POST', '/api/v1/game/turns', turn(1, [5, 5]))).toMatchObject(other);
    expect(await engine.ask('PUT', '/api/v1/game', setup)).toMatchObject([200, { turn: 1 }]);
  });

  it('shows each seat its own, after every turn, and always the same', async () => {
    const view = (query: string) => engine.ask('GET', `/api/v1/game/view?${query}`);
    const before = await view('for=seat:1&turn=1');
    expect(before).toMatchObject([200, { coins: 99 }]);
    expect(await view('for=seat:1')).toEqual(before);
    expect(await view('for=seat:1&turn=0')).toMatchObject([200, { coins: 100 }]);
    await engine.ask('POST', '/api/v1/game/turns', turn(2, [7, 0]));
    expect(await view('for=seat:1')).toMatchObject([200, { coins: 92 }]);
    expect(await view('for=seat:1&turn=1')).toEqual(before);
    expect(await view('for=seat:1&turn=3')).toMatchObject(refusal(404, 'not_found', 'the last one is 2'));
    expect(await view('for=seat:4')).toMatchObject(refusal(404, 'not_found', 'has no seat 4'));
    expect(await view('for=spectator')).toMatchObject(refusal(404, 'not_found', 'no view for spectators'));
    for (const query of [
      'for=seat:0',
      'for=seat:1101',
      'for=all',
      'turn=1',
      'for=seat:1&turn=-1',
      'for=seat:1&as=2',
    ]) {
      expect(await view(query)).toMatchObject(refusal(400, 'invalid_request', ''));
    }
  });

  it('keeps that a seat is vacant', async () => {
    const seat = (number: string, body: unknown = { vacant: true }) =>
      engine.ask('PUT', `/api/v1/game/seats/${number}`, body);
    expect(await seat('2')).toMatchObject([200, { turn: 2 }]);
    expect(await seat('2')).toMatchObject([200, { turn: 2 }]);
    expect(await seat('9')).toMatchObject(refusal(404, 'not_found', 'has no seat 9'));
    expect(await seat('3')).toMatchObject(refusal(409, 'invalid_state', 'cannot leave'));
    expect(await seat('1', { vacant: false })).toMatchObject(refusal(400, 'invalid_request', ''));
    expect(await readdir(folder)).toContain('seats.json');
  });

  it('writes no orders into its log', async () => {
    await engine.ask('POST', '/api/v1/game/orders/validate', { seat: 1, turn: 3, orders: { bid: 9.125 } });
    await engine.ask('POST', '/api/v1/game/turns', {
      turn: 3,
      orders: [{ seat: 1, orders: { bid: 9.125 }, state: 'ready' }],
    });
    engine.child.kill('SIGTERM');
    const { exitCode, stdout, stderr } = await engine.ended;
    expect(exitCode).toBe(0);
    expect(stdout).toContain('/api/v1/game/turns');
    expect(stdout + stderr).not.toMatch(/9\.125|"bid"/);
  });

  it('does not start on a game of another engine, or on files that it cannot read', async () => {
    const end = async (otherEntry: string) => {
      const process = runEntry(otherEntry, { GALAXY_ENGINE_PORT: '0', GALAXY_ENGINE_DATA_FOLDER: folder });
      await once(process.child, 'close');
      return process.ended;
    };
    expect(await end('workers/four-in-a-row.ts')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('holds a game of the engine sealed-bids, not of four-in-a-row'),
    });
    expect(await end('test/support/engines/sealed-bids-2.ts')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('holds a game of version 1.0.0, which version 2.0.0 cannot play on'),
    });
    await rm(join(folder, 'turn-0.json.gz'));
    expect(await end(entry)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('turn-0.json.gz cannot be read as a part of a game'),
    });
  });
});
