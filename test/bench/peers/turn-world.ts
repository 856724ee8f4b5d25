// What surrounds the turn worker in game.turns: a lobby in which every game runs, engines that play every turn at once,
// and a clock: all games are due at one time. One bare node:http server, from memory.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { gameIdOf } from '../lobby-database.ts';
import type { Round } from '../measure.ts';
import { serveCalls } from '../peer.ts';

const playedWithinMs = 120_000;
/** A worker may sleep for half a second; after that it knows the time. */
const noticeMs = 1_000;

/** The last turn that each engine has played, by its path. */
const played = new Map<string, number>();
/** Games whose engines do not respond, and what they are asked meanwhile. */
let hung: ReadonlySet<string> = new Set();
const waiting: PromiseWithResolvers<void>[] = [];
let pool: pg.Pool | undefined;

const server = createServer((request, response) => {
  void serve(request, response);
});

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = request.url ?? '';
  let text = '';
  for await (const chunk of request) text += chunk;
  const [, prefix = '', gameId = '', rest] = /^(.*)\/([0-9a-f-]{36})(\/.*)$/.exec(url) ?? [];
  if (rest === '/standing') return respond(response, standing(gameId));
  if (rest !== '/api/v1/game/turns') return respond(response, { items: [] });
  if (hung.has(gameId)) {
    const released = Promise.withResolvers<void>();
    waiting.push(released);
    await released.promise;
  }
  const { turn } = JSON.parse(text) as { turn: number };
  const engine = `${prefix}/${gameId}`;
  const last = played.get(engine) ?? turn - 1;
  if (turn !== last && turn !== last + 1) {
    response.writeHead(409).end();
    return;
  }
  played.set(engine, turn);
  respond(response, {
    game_id: gameId,
    turn,
    status: 'running',
    awaiting: [1, 2],
    alive: [1, 2],
    stats: [1, 2].map((seat) => ({ seat, planets: 3, population: 3_000, ships_built: 7 })),
    events: [],
  });
}

function respond(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** As test/support/game-master/many-games.ts fills the Game Master's tables. */
function standing(gameId: string) {
  const number = Number.parseInt(gameId.slice(-12), 16);
  return {
    game_id: gameId,
    status: 'running',
    revision: 1,
    runtime_job_id: gameIdOf(number + 2 ** 32),
    container_id: 'container',
    engine_endpoint: 'http://127.0.0.1:1',
    registered_at: null,
    game_name: `Game ${number}`,
    owner_user_id: null,
    turn_schedule: null,
    time_zone: 'UTC',
    turn_seconds: 86_400,
    early: 'all_ready',
    spectators: false,
    options: {},
    current_turn: null,
    report_seq: null,
    seats: [1, 2].map((seat) => ({ seat, user_id: gameIdOf(seat), race_name: `Race ${seat}` })),
  };
}

async function query(text: string, values: unknown[] = []) {
  if (pool === undefined) throw new Error('connect first');
  return (await pool.query(text, values)).rows;
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (const deadline = Date.now() + playedWithinMs; !(await holds()); await delay(20)) {
    if (Date.now() > deadline) throw new Error(`it takes too long until ${what}`);
  }
}

const calls = {
  /** @returns base URL. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  },

  connect(dsn: string): void {
    pool = new pg.Pool({ connectionString: dsn, max: 2 });
  },

  /**
   * Makes all games due at one time. Games 1 to `healthy` have to be played, in the time that is measured; the engines of
   * further ones hang until then.
   */
  async playDue(healthy: number, hanging: number): Promise<Omit<Round, 'cpuMicros'>> {
    hung = new Set(Array.from({ length: hanging }, (_, index) => gameIdOf(healthy + 1 + index)));
    const ids = Array.from({ length: healthy }, (_, index) => gameIdOf(1 + index));
    const [due] = await query(
      `update game_master.games set due_at = at, next_attempt_at = at
       from (select date_trunc('milliseconds', now() + $3 * interval '1 millisecond') as at) as one
       where game_id between $1 and $2 returning at`,
      [gameIdOf(1), gameIdOf(healthy + hanging), noticeMs],
    );
    const turns = await query(
      'select distinct played_turn + 1 as turn from game_master.games where game_id = any($1)',
      [ids],
    );
    if (turns.length !== 1) throw new Error('the games are at different turns');
    const cpu = process.cpuUsage();
    const found = { n: 0, elapsedMs: 0 };
    await until(async () => {
      const [row] = await query(
        `select count(*)::int as n, (extract(epoch from max(played_at) - $3) * 1000)::float8 as ms
         from game_master.turns where game_id = any($1) and turn = $2 and played_at is not null`,
        [ids, turns[0].turn, due.at],
      );
      Object.assign(found, { n: row.n, elapsedMs: row.ms });
      return found.n === healthy;
    }, 'all games are played');
    const { user, system } = process.cpuUsage(cpu);
    await calls.settle();
    return { ...found, loadShare: (user + system) / 1_000 / (found.elapsedMs + noticeMs) };
  },

  /** Engines that hang no more; waits until everything is played and published. */
  async settle(): Promise<void> {
    hung = new Set();
    for (const { resolve } of waiting.splice(0)) resolve();
    await until(async () => {
      await query(
        'update game_master.games set next_attempt_at = now() where failures > 0 and claimed_by is null',
      );
      const [row] = await query(
        `select (select count(*) from game_master.games
                 where phase = 'closed' or claimed_by is not null or next_attempt_at <= now())
              + (select count(*) from game_master.outbox where published_at is null) as n`,
      );
      return row.n === '0';
    }, 'nothing is left to do');
  },
};
export type TurnWorldCalls = typeof calls;
serveCalls(calls);
