// A whole game of star conquest on its engine, and the same game again on another one.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { afterAll, expect, it } from 'vitest';
import type { TurnRequest, TurnResponse } from '../../../lib/engine/api.ts';
import type { View } from '../../../lib/star-conquest/domain/view.ts';
import { startTestEngine, type TestEngine } from '../../support/engines/four-in-a-row.ts';
import { ordersFor } from '../../support/engines/star-conquest.ts';

const setup = {
  game_id: '01930f3c-7b1a-7000-8000-0000000000aa',
  seed: 'e7'.repeat(32),
  seats: ['Vegans', 'Orions', 'Cygnids', 'Bot 1'].map((label, index) => {
    return { seat: index + 1, label, bot: index === 3 };
  }),
  options: { bots: 1 },
};
const people = [1, 2, 3];
const audiences = ['seat:1', 'seat:2', 'seat:3', 'seat:4', 'spectator'];

const running: TestEngine[] = [];
const folders: string[] = [];

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'galaxy-engine-'));
  folders.push(folder);
  return folder;
}

async function startEngine(folder: string): Promise<TestEngine> {
  const variables = { GALAXY_ENGINE_DATA_FOLDER: folder, GALAXY_ENGINE_LOG_LEVEL: 'warn' };
  const engine = await startTestEngine(variables, undefined, 'workers/star-conquest.ts');
  running.push(engine);
  return engine;
}

/** The response to the byte. */
async function ask(
  { url }: TestEngine,
  method: 'GET' | 'PUT' | 'POST',
  path: string,
  body?: unknown,
): Promise<string> {
  const response = await fetch(`${url}/api/v1/${path}`, {
    method,
    ...(body !== undefined && {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    }),
  });
  const text = await response.text();
  expect([response.status, text]).toEqual([200, text]);
  return text;
}

/** What three people order, of whom the third leaves the game after turn 9. */
async function ordersOf(engine: TestEngine, turn: number): Promise<TurnRequest['orders']> {
  const rows = people.map(async (seat): Promise<TurnRequest['orders'][number]> => {
    if (seat === 3 && turn > 9) return { seat, orders: null, state: 'vacant' };
    if ((seat + turn) % 7 === 0) return { seat, orders: null, state: 'missing' };
    const view: View = JSON.parse(await ask(engine, 'GET', `game/view?for=seat:${seat}`));
    const orders = ordersFor(view);
    const problems = await ask(engine, 'POST', 'game/orders/validate', { seat, turn, orders });
    expect(problems).toBe('{"problems":[]}');
    return { seat, orders, state: 'ready' };
  });
  const { awaiting } = JSON.parse(await ask(engine, 'GET', 'game')) as TurnResponse;
  return (await Promise.all(rows)).filter(({ seat }) => awaiting.includes(seat));
}

async function viewsOf(engine: TestEngine, turns: number): Promise<string[]> {
  const views: string[] = [];
  for (let turn = 0; turn <= turns; turn++) {
    const ofTurn = audiences.map((audience) => ask(engine, 'GET', `game/view?for=${audience}&turn=${turn}`));
    views.push(...(await Promise.all(ofTurn)));
  }
  return views;
}

async function statesOf(folder: string, turns: number): Promise<string[]> {
  const files = Array.from({ length: turns + 1 }, (_, turn) => join(folder, `turn-${turn}.json.gz`));
  const states = files.map(async (file) => (await promisify(gunzip)(await readFile(file))).toString());
  return Promise.all(states);
}

afterAll(async () => {
  for (const engine of running) engine.child.kill('SIGKILL');
  await Promise.all(running.map(({ ended }) => ended));
  for (const folder of folders) await rm(folder, { recursive: true });
});

it('a game that is played again with the same orders is the same to the byte, also when its engine is killed', {
  timeout: 120_000,
}, async () => {
  const folder = await newFolder();
  const engine = await startEngine(folder);
  const begun = await ask(engine, 'PUT', 'game', setup);
  const requests: TurnRequest[] = [];
  const responses: string[] = [];
  let status: TurnResponse['status'] = 'running';
  while (status === 'running') {
    const turn = requests.length + 1;
    if (turn === 10) await ask(engine, 'PUT', 'game/seats/3', { vacant: true });
    const request = { turn, orders: await ordersOf(engine, turn) };
    const response = await ask(engine, 'POST', 'game/turns', request);
    requests.push(request);
    responses.push(response);
    ({ status } = JSON.parse(response) as TurnResponse);
  }
  const played = responses.map((response) => JSON.parse(response) as TurnResponse);
  expect(
    played.flatMap(({ events }) => events).filter(({ type }) => type === 'game.conquest').length,
  ).toBeGreaterThan(10);
  expect(played.at(-1)?.result?.placements.map(({ seat }) => seat)).toEqual([1, 2, 3, 4]);

  const otherFolder = await newFolder();
  let other = await startEngine(otherFolder);
  expect(await ask(other, 'PUT', 'game', setup)).toBe(begun);
  for (const [index, request] of requests.entries()) {
    if (request.turn === 10) await ask(other, 'PUT', 'game/seats/3', { vacant: true });
    expect(await ask(other, 'POST', 'game/turns', request)).toBe(responses[index]);
    if (request.turn % 15 !== 0) continue;
    other.child.kill('SIGKILL');
    await other.ended;
    other = await startEngine(otherFolder);
  }
  expect(await ask(other, 'GET', 'game')).toBe(await ask(engine, 'GET', 'game'));
  expect(await viewsOf(other, requests.length)).toEqual(await viewsOf(engine, requests.length));
  expect(await statesOf(otherFolder, requests.length)).toEqual(await statesOf(folder, requests.length));
});
