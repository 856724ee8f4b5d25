// What the Game Master asks PostgreSQL while twenty thousand games run: no table from one end to the other, and no more rows
// than there is something to do for, whichever plan PostgreSQL takes.
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  anyGameToRemind,
  anyUnreportedGame,
  claimGames,
  countGames,
  firstWaiting,
  lockUnreportedGames,
} from '../../../lib/game-master/store/games.ts';
import { freeClaims, freeClaimsOfDead, renewWorker } from '../../../lib/game-master/store/workers.ts';
import { insertRunningGames } from '../../support/game-master/many-games.ts';
import { createPlayStage, type PlayStage } from '../../support/game-master/play-stage.ts';
import { type Plan, plansOf } from '../../support/stores/plans.ts';

const games = 20_000;
const limit = 50;
/** Every so many games one is due, one is to be tried again, and one has seats that have become ready. */
const every = 100;

let stage: PlayStage;
const workerId = '01960000-0000-7000-8000-00000000aaaa';

beforeAll(async () => {
  stage = await createPlayStage();
  const due = `case when n % ${every} in (1, 2) then now() - n * interval '1 second' else now() + interval '1 day' end`;
  await insertRunningGames(stage.pool, games, {
    due_at: due,
    next_attempt_at: due,
    failures: `case when n % ${every} in (2, 4) then 3 else 0 end`,
    engine_health: `case when n % ${every} in (2, 4) then 'unreachable' else 'ok' end`,
    readiness_changed: `n % ${every} = 3`,
    readiness_reported_at: `now() - n * interval '1 minute'`,
  });
  await stage.pool.query('vacuum analyze');
}, 120_000);
afterAll(() => stage.close());

/** The plans of what `work` asks. Fails when one reads a whole table, or more than so many rows and pages. */
async function readsLittle(
  work: () => Promise<unknown>,
  allowed: { rows: number; pages: number },
): Promise<Plan[]> {
  const plans = await plansOf(stage.pool, work);
  expect(plans.length).toBeGreaterThan(0);
  for (const { scannedTables, rowsRead, pagesRead, statement, text } of plans) {
    const fits = !scannedTables.includes('games') && rowsRead <= allowed.rows && pagesRead <= allowed.pages;
    expect(fits, `scans ${scannedTables}, ${rowsRead} rows, ${pagesRead} pages: ${statement}\n${text}`).toBe(
      true,
    );
  }
  return plans;
}

const usesIndex = (plans: readonly Plan[], index: string) =>
  expect(plans.map(({ text }) => text.includes(`"Index Name": "${index}"`))).toEqual(plans.map(() => true));

test('when there is something to do next is found at the beginning of both indexes', async () => {
  const plans = await readsLittle(() => firstWaiting(stage.gm.db), { rows: 4, pages: 20 });
  usesIndex(plans, 'games_due');
  usesIndex(plans, 'games_due_after_failure');
});

test.each([
  ['healthy', 'games_due'],
  ['failing', 'games_due_after_failure'],
] as const)(
  'claiming %s games looks at those that are due, and at no more than it claims',
  async (kind, index) => {
    let claimed = 0;
    const claim = async () => {
      claimed = (await claimGames(stage.gm.db, kind, { workerId, limit })).length;
    };
    // Each is read in the index, locked, and changed.
    const plans = await readsLittle(claim, { rows: 3 * limit, pages: 40 * limit });
    expect(claimed).toBe(limit);
    usesIndex(plans, index);
  },
);

test('readiness that is to be reported is found without looking at other games', async () => {
  const plans = await readsLittle(() => stage.gm.db.transaction((tx) => lockUnreportedGames(tx, limit)), {
    rows: 2 * limit,
    pages: 10 * limit,
  });
  usesIndex(plans, 'games_readiness_changed');
  usesIndex(
    await readsLittle(() => anyUnreportedGame(stage.gm.db), { rows: 2, pages: 10 }),
    'games_readiness_changed',
  );
});

test('whether a player is to be reminded is found without looking at other games', async () => {
  usesIndex(
    await readsLittle(() => anyGameToRemind(stage.gm.db), { rows: 2, pages: 10 }),
    'games_reminder_due',
  );
});

test('claims of workers are freed without looking at other games', async () => {
  await renewWorker(stage.gm.db, workerId, 0);
  await readsLittle(() => freeClaims(stage.gm.db, workerId, []), { rows: 3 * limit, pages: 40 * limit });
  await stage.pool.query('delete from game_master.workers');
  await readsLittle(() => freeClaimsOfDead(stage.gm.db), { rows: 6 * limit, pages: 80 * limit });
});

test('games are counted in an index, and those that are over are not looked at', async () => {
  await stage.pool.query(
    `update game_master.games set phase = 'over' where played_turn = 0 and game_id < $1`,
    ['01960000-0000-7000-8000-000000004000'],
  );
  await stage.pool.query('vacuum analyze');
  const left = games - 0x4000 + 1;
  const plans = await readsLittle(() => countGames(stage.gm.db), { rows: left, pages: 100 });
  usesIndex(plans, 'games_not_over');
});
