// Sends requests to the lobby as the gateway does, on behalf of its users.
import { randomUUID } from 'node:crypto';
import { type Dispatcher, Pool } from 'undici';
import { gameIdOf } from '../lobby-database.ts';
import { serveCalls } from '../peer.ts';
import { closedLoop, type LoopRound } from './closed-loop.ts';

export type Load = { url: string; inFlight: number; ms: number; games: number };

const pageSize = 50;
const prefix = '/api/v1/lobby';
const readers = Array.from({ length: 1_000 }, () => randomUUID());

let pool: Pool | undefined;
let turn = 0;

type Body = Record<string, unknown>;
type Ask = { userId: string; method?: Dispatcher.HttpMethod; path: string; body?: Body };

async function ask({ userId, method = 'GET', path, body }: Ask, expected: number): Promise<Body> {
  const response = await lobby().request({
    method,
    path: `${prefix}${path}`,
    headers: {
      'x-user-id': userId,
      'x-request-id': randomUUID(),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.body.text();
  if (response.statusCode !== expected) throw new Error(`${path} got ${response.statusCode} ${text}`);
  return JSON.parse(text) as Body;
}

function lobby(): Pool {
  if (pool === undefined) throw new Error('begin a round first');
  return pool;
}

function round(load: Load, operation: (turn: number) => Promise<void>): Promise<LoopRound> {
  pool ??= new Pool(load.url, { connections: load.inFlight });
  return closedLoop(load.inFlight, load.ms, () => {
    turn += 1;
    return operation(turn);
  });
}

const readerOf = (count: number) => readers[count % readers.length] ?? '';

const calls = {
  list: (load: Load): Promise<LoopRound> =>
    round(load, async (count) => {
      const path = `/games?page_size=${pageSize}`;
      const { items } = (await ask({ userId: readerOf(count), path }, 200)) as { items: Body[] };
      if (items.length !== pageSize || items.some((game, index) => game.game_id !== gameIdOf(index + 1))) {
        throw new Error('a page does not have the newest games');
      }
    }),

  get: (load: Load): Promise<LoopRound> =>
    round(load, async (count) => {
      // A step that leaves none out and has no neighbours in it.
      const gameId = gameIdOf(1 + ((count * 7919) % load.games));
      const game = await ask({ userId: readerOf(count), path: `/games/${gameId}` }, 200);
      if (game.game_id !== gameId) throw new Error(`${gameId} got ${JSON.stringify(game)}`);
    }),

  /** A user applies and the owner approves, each time in another game. */
  approve: (load: Load): Promise<LoopRound> =>
    round(load, async (count) => {
      const gameId = gameIdOf(2 * (1 + (count % (load.games / 4))));
      const body = { race_name: `Vega ${count}` };
      const path = `/games/${gameId}/applications`;
      const application = await ask({ userId: randomUUID(), method: 'POST', path, body }, 201);
      const approval = `/applications/${application.application_id}/approve`;
      // Its owner has the id of the game.
      const approved = await ask({ userId: gameId, method: 'POST', path: approval }, 200);
      if (approved.status !== 'approved') throw new Error(`an approval made it ${approved.status}`);
    }),
};
export type LobbyLoadCalls = typeof calls;
serveCalls(calls);
