// The floor of game.turns: the very statements by which a turn worker plays a turn that is due, recorded from its code
// once, then sent straight on the driver for other games, with the two HTTP calls in between.
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { Pool } from 'undici';
import { createGameMaster } from '../../../lib/game-master/context.ts';
import { openEngine } from '../../../lib/game-master/peers/engine.ts';
import { createLobbyClient } from '../../../lib/game-master/peers/lobby.ts';
import { claimGames } from '../../../lib/game-master/store/games.ts';
import { attendGame } from '../../../lib/game-master/turns/attend-game.ts';
import { freely } from '../../../lib/game-master/turns/limit.ts';
import { databaseOn } from '../../../lib/postgres/database.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { testCatalogue } from '../../support/engines/catalogue.ts';
import { noEngineHost } from '../../support/engines/game-master.ts';
import { type Statement, statementsOf } from '../../support/stores/statements.ts';
import { gameIdOf } from '../lobby-database.ts';
import type { Round } from '../measure.ts';
import { serveCalls } from '../peer.ts';
import { type Ids, type Step, sendAll, stepsOf } from '../recorded-statements.ts';

const claimedAtOnce = 100;
/** Of the recorded game: a number that is found again wherever it was written. */
const recordedTurn = 1_500_000_001;

type Game = { readonly game_id: string; readonly runtime_job_id: string; readonly played_turn: number };
type Recorded = { readonly claiming: Statement; readonly parts: readonly (readonly Step[])[] };

let database: pg.Pool | undefined;
let world: Pool | undefined;
let usersOf: ReadonlyMap<string, readonly string[]> = new Map();
let recorded: Recorded | undefined;

function connected<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('connect first');
  return value;
}

const idsOf = ({ game_id, runtime_job_id }: Game, turn: number): Ids => [
  game_id,
  runtime_job_id,
  ...(usersOf.get(game_id) ?? []),
  String(turn - 1),
  String(turn),
];

/** @param game is played once, and takes no part afterwards. */
async function record(pool: pg.Pool, lobbyUrl: string, game: Game): Promise<Recorded> {
  await pool.query(
    'update game_master.games set played_turn = $2, due_at = now(), next_attempt_at = now() where game_id = $1',
    [game.game_id, recordedTurn - 1],
  );
  const log = createLogger({ service: 'floor', level: 'warn' });
  const gm = createGameMaster({
    db: databaseOn(pool),
    lobby: createLobbyClient({ baseUrl: lobbyUrl, timeoutMs: 5_000 }),
    catalogue: testCatalogue,
    openEngine,
    engineHost: noEngineHost,
    publishers: {},
    streams: { consumers: [], states: async () => [], requeue: async () => {} },
    engineTimeoutMs: 5_000,
    newId: () => randomUUID(),
    log,
  });
  gm.outbox.publishSoon = () => {};
  const [claim] = await claimGames(gm.db, 'healthy', { workerId: randomUUID(), limit: 1 });
  if (claim === undefined) throw new Error('no game is due');
  const statements = await statementsOf(() =>
    attendGame(gm, claim, { timeoutMs: 5_000, goOn: () => true, database: freely, lobby: freely }),
  );
  const { rows } = await pool.query('select played_turn from game_master.games where game_id = $1', [
    game.game_id,
  ]);
  if (rows[0]?.played_turn !== recordedTurn) throw new Error('the recorded turn was not played');
  const [claiming] = await statementsOf(() =>
    claimGames(gm.db, 'healthy', { workerId: randomUUID(), limit: claimedAtOnce }),
  );
  const steps = stepsOf(statements, idsOf(game, recordedTurn));
  // The lobby is asked before the first transaction, the engine before the second.
  const [first = -1, second = -1, ...more] = steps.flatMap(({ text }, index) =>
    text === 'begin' ? [index] : [],
  );
  if (second === -1 || more.length > 0 || claiming === undefined) {
    throw new Error('a turn is not played in two transactions any more');
  }
  return { claiming, parts: [steps.slice(0, first), steps.slice(first, second), steps.slice(second)] };
}

async function ask(path: string, body?: object): Promise<void> {
  const response = await connected(world).request({
    path,
    method: body === undefined ? 'GET' : 'POST',
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.body.text();
  if (response.statusCode !== 200) throw new Error(`${path} got ${response.statusCode} ${text}`);
  JSON.parse(text);
}

async function play(game: Game): Promise<void> {
  const pool = connected(database);
  const [before = [], closing = [], outcome = []] = connected(recorded).parts;
  const turn = game.played_turn + 1;
  const ids = idsOf(game, turn);
  await sendAll(pool, before, ids);
  await ask(`/api/v1/internal/games/${game.game_id}/standing`);
  await sendAll(pool, closing, ids);
  const orders = [1, 2].map((seat) => ({ seat, orders: null, state: 'missing' }));
  await ask(`/floor/${game.game_id}/api/v1/game/turns`, { turn, orders });
  await sendAll(pool, outcome, ids);
}

const calls = {
  /** @param games of which the last one is recorded. @returns how many statements a turn is. */
  async connect(dsn: string, connections: number, lobbyUrl: string, games: number): Promise<number> {
    const pool = new pg.Pool({ connectionString: dsn, max: connections });
    database = pool;
    world = new Pool(lobbyUrl);
    const { rows } = await pool.query<{ game_id: string; user_ids: string[] }>(
      `select game_id, array_agg(user_id::text) as user_ids from game_master.seats group by game_id`,
    );
    usersOf = new Map(rows.map((row) => [row.game_id, row.user_ids]));
    const last = { game_id: gameIdOf(games), runtime_job_id: gameIdOf(games + 2 ** 32), played_turn: 0 };
    recorded = await record(pool, lobbyUrl, last);
    return recorded.parts.flat().length;
  },

  /** Makes games 1 to `games` due and plays them, so many side by side. */
  async run(games: number, inFlight: number): Promise<Omit<Round, 'cpuMicros'>> {
    const pool = connected(database);
    await pool.query(
      'update game_master.games set due_at = now(), next_attempt_at = now() where game_id between $1 and $2',
      [gameIdOf(1), gameIdOf(games)],
    );
    const startedAt = performance.now();
    const waiting: Game[] = [];
    let claiming: Promise<void> | undefined;
    const claim = async () => {
      const { values, ...statement } = connected(recorded).claiming;
      const { rows } = await pool.query<Game>({ ...statement, values: [...values] });
      waiting.push(...rows);
    };
    let n = 0;
    const work = async () => {
      for (;;) {
        if (waiting.length === 0) {
          claiming ??= claim().finally(() => {
            claiming = undefined;
          });
          await claiming;
        }
        const game = waiting.shift();
        if (game === undefined) return;
        await play(game);
        n += 1;
      }
    };
    await Promise.all(Array.from({ length: inFlight }, work));
    const elapsedMs = performance.now() - startedAt;
    if (n !== games) throw new Error(`${n} games were played, not ${games}`);
    return { n, elapsedMs };
  },
};
export type TurnFloorCalls = typeof calls;
serveCalls(calls);
