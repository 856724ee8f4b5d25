// Several turn workers on the same games, some of which are taken for dead: no turn is doubled, missing or early.
import { afterEach, expect, it, vi } from 'vitest';
import { runTurnWorker } from '../../../lib/game-master/turns/turn-worker.ts';
import { stage, usePlayStage } from '../../support/game-master/play-stage.ts';

usePlayStage({ engineTimeoutMs: 3_000 });

const stops: AbortController[] = [];
const workers: Promise<void>[] = [];
afterEach(stopWorkers);

function startWorker(engineCalls = 100): void {
  const stop = new AbortController();
  stops.push(stop);
  const options = { workerId: stage.gm.newId(), engineCalls, log: stage.gm.log };
  workers.push(runTurnWorker(stage.gm, options, stop.signal));
}

async function stopWorkers(): Promise<void> {
  for (const stop of stops.splice(0)) stop.abort();
  await Promise.all(workers.splice(0));
}

type Turn = { game_id: string; turn: number; due_at: Date; played_at: Date | null };

async function turnsOf(games: readonly string[]): Promise<Turn[]> {
  const { rows } = await stage.pool.query(
    'select * from game_master.turns where game_id = any($1) order by game_id, turn',
    [games],
  );
  return rows;
}

it.each([1, 2, 5])('with %d workers every turn is played once, and none before it is due', async (count) => {
  const lastTurn = 3;
  const games = await Promise.all(
    Array.from({ length: 20 }, () => stage.registered({ seats: 2, lastTurn, turnSeconds: 1 })),
  );
  const ids = games.map(({ gameId }) => gameId);
  for (let worker = 0; worker < count; worker++) startWorker();
  // Workers are taken for dead while they go on: their claims go to others, and what they decide counts no more.
  // More and more rarely, so that a slow machine gets on in between.
  let deaths = 0;
  let killing: NodeJS.Timeout | undefined;
  const kill = () => {
    deaths += 1;
    killing = setTimeout(kill, 60 + 10 * deaths);
    void stage.pool.query(
      `update game_master.workers set alive_until = now() - interval '1 second'
       where worker_id = (select worker_id from game_master.workers order by random() limit 1)`,
    );
    void stage.pool.query(
      'update game_master.games set claimed_by = null, claim_token = null where claimed_by is not null and random() < 0.2',
    );
  };
  kill();
  // Everybody of every second game is ready early, at once.
  const playing = Promise.all(
    games
      .filter((_, index) => index % 2 === 0)
      .map(async ({ gameId, users }) => {
        for (let turn = 1; turn <= lastTurn; turn++) {
          await vi.waitFor(
            async () => expect(await stage.row(gameId)).toMatchObject({ played_turn: turn - 1 }),
            {
              timeout: 50_000,
            },
          );
          const order = { turn, orders: { bid: turn }, ready: true };
          await Promise.all(users.map((userId) => stage.player(gameId, userId).post('/orders', order)));
        }
      }),
  );
  try {
    await vi.waitFor(
      async () => {
        const { rows } = await stage.pool.query(
          `select count(*)::int from game_master.games where game_id = any($1) and phase = 'over'`,
          [ids],
        );
        expect(rows).toEqual([{ count: ids.length }]);
      },
      { timeout: 50_000, interval: 100 },
    );
  } finally {
    clearTimeout(killing);
  }
  await playing;
  expect(deaths).toBeGreaterThan(3);

  const turns = await turnsOf(ids);
  expect(turns.map(({ game_id, turn }) => `${game_id} ${turn}`)).toEqual(
    ids.toSorted().flatMap((id) => [1, 2, 3].map((turn) => `${id} ${turn}`)),
  );
  expect(turns.filter(({ played_at }) => played_at === null)).toEqual([]);
  for (const gameId of ids) {
    expect(stage.engine.played(gameId)).toHaveLength(lastTurn);
    const reports = (await stage.messages(gameId)).flatMap(({ kind, payload }) =>
      kind === 'report' ? [payload] : [],
    );
    expect(reports.map(({ report_seq }) => report_seq)).toEqual(reports.map((_, index) => index + 1));
    expect(reports.filter(({ event_type }) => event_type === 'game_finished')).toHaveLength(1);
    expect(reports.map(({ engine_health }) => engine_health)).toEqual(reports.map(() => 'ok'));
    const advanced = (await stage.messages(gameId)).filter(
      ({ payload }) => payload.notification_type === 'lobby.game.turn_advanced',
    );
    const keys = advanced.map(({ payload }) => payload.idempotency_key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys).toHaveLength(lastTurn);
  }
  const closedBy = new Map(turns.map((turn) => [`${turn.game_id} ${turn.turn}`, turn]));
  for (const { gameId, at, request } of stage.engine.turnCalls) {
    const turn = closedBy.get(`${gameId} ${request.turn}`) as (Turn & { close_reason: string }) | undefined;
    // PostgreSQL runs on this machine, by the same clock.
    if (turn?.close_reason === 'due') expect(at).toBeGreaterThanOrEqual(turn.due_at.getTime());
  }
});

it('two hundred engines that hang do not hold up others, although the places are fewer', {
  timeout: 60_000,
}, async () => {
  const lastTurn = 3;
  const newGame = () => stage.registered({ seats: 2, lastTurn, turnSeconds: 1 });
  const hung = await Promise.all(Array.from({ length: 200 }, newGame));
  const healthy = await Promise.all(Array.from({ length: 40 }, newGame));
  const hangs = new Set(hung.map(({ gameId }) => gameId));
  const waiting: (() => void)[] = [];
  stage.engine.misbehaviour = async (_, __, gameId) => {
    if (!hangs.has(gameId)) return false;
    await new Promise<void>((resolve) => waiting.push(resolve));
    return true;
  };
  startWorker(240);
  await vi.waitFor(
    async () => {
      const { rows } = await stage.pool.query(
        `select count(*)::int from game_master.games where game_id = any($1) and phase = 'over'`,
        [healthy.map(({ gameId }) => gameId)],
      );
      expect(rows).toEqual([{ count: healthy.length }]);
    },
    { timeout: 30_000, interval: 200 },
  );
  const { rows } = await stage.pool.query(
    `select count(*)::int, sum(played_turn)::int from game_master.games where game_id = any($1) and phase = 'setting_up'`,
    [[...hangs]],
  );
  expect(rows).toEqual([{ count: 200, sum: 0 }]);
  stage.engine.misbehaviour = () => false;
  for (const release of waiting) release();
});
