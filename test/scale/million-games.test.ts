// What the lobby reads from a database with a million games, whatever it is asked: no table from one end to the other,
// and no more than so many rows and pages, however few of them fit.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { positionTokens, searchTokens } from '../../handlers/lobby/paging.ts';
import {
  cancelIdleGames,
  closeDueEnrollments,
  failOverdueStarts,
} from '../../lib/lobby/automation/enrollment-automation.ts';
import { notifyOwnersOfUnderfilledGames } from '../../lib/lobby/automation/underfilled-games.ts';
import { listUnregisteredGames } from '../../lib/lobby/store/games.ts';
import { findPlayAccess, findStanding } from '../../lib/lobby/store/play-reads.ts';
import { createLogger } from '../../lib/telemetry/logger.ts';
import { apply, column, join, makeOpenGame } from '../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../support/lobby/lobby.ts';
import { filledTables, fillLobby, gameIdOf, numbers } from '../support/stores/million-games.ts';
import { plansOf } from '../support/stores/plans.ts';

let lobby: TestLobby;
let me: Client;
let admin: Client;

beforeAll(async () => {
  lobby = await createTestLobby();
  [me, admin] = [lobby.player(), lobby.admin()];
  await fillLobby(lobby.dsn, { me: me.userId, now: lobby.now() });
}, 600_000);
afterAll(() => lobby.close());

/** Fails when a statement of `work` reads a whole table, or more than is allowed. */
async function readsLittle(
  work: () => Promise<unknown>,
  allowed = { rows: 2_500, pages: 600 },
): Promise<number> {
  const plans = await plansOf(lobby.pool, work);
  expect(plans.length).toBeGreaterThan(0);
  for (const plan of plans) {
    const { rowsRead, pagesRead } = plan;
    const scans = plan.scannedTables.filter((table) => filledTables.includes(table));
    const fits = scans.length === 0 && rowsRead <= allowed.rows && pagesRead <= allowed.pages;
    expect(
      fits,
      `scans ${scans.length}, ${rowsRead} rows, ${pagesRead} pages: ${plan.statement}\n${plan.text}`,
    ).toBe(true);
  }
  return plans.length;
}

/** To begin with the games behind number 700,000. @param query the filters that the token is for. */
function deep(order: 'newest' | 'ending_soon', query: string, tokens = positionTokens): string {
  const minutes = order === 'newest' ? -700_000 : 700_000;
  const at = new Date(lobby.now().getTime() + minutes * 60_000);
  const token = tokens(`games.${order}`).of(Object.fromEntries(new URLSearchParams(query)));
  return `page_token=${token.write({ at, id: gameIdOf(700_000) })}`;
}

describe('a page of the list of games', () => {
  const filters = [
    { query: '', shown: [50, 50] },
    { query: 'status=enrollment_open', shown: [50, 50] },
    { query: 'status=finished', shown: [50, 50] },
    { query: 'status=paused', shown: [8, 9] },
    { query: 'status=draft', shown: [1, 50] },
    { query: 'status=cancelled', shown: [50, 50] },
    { query: 'game_type=public', shown: [50, 50] },
    { query: 'game_type=private', shown: [4, 50] },
    // Of the 20 with free places, the deadline of one has passed.
    { query: 'has_free_places=true', shown: [19, 19] },
    { query: 'has_free_places=false', shown: [50, 50] },
    { query: 'has_free_places=false&status=enrollment_open', shown: [50, 50] },
    { query: 'target_engine_version=1.4.0', shown: [50, 50] },
    { query: 'target_engine_version=2.0.0', shown: [4, 5] },
    { query: 'target_engine_version=9.9.9', shown: [0, 0] },
    { query: 'target_engine_version=2.0.0&status=paused', shown: [0, 0] },
    { query: 'target_engine_version=1.4.0&has_free_places=true', shown: [18, 18] },
    { query: 'target_engine_version=1.4.0&game_type=private', shown: [4, 50] },
  ];

  test.each(filters)('reads little with the filters "$query"', async ({ query, shown }) => {
    for (const [index, client] of [me, admin].entries()) {
      expect(column(await client.get(`/games?${query}`), 'game_id')).toHaveLength(shown[index] ?? 0);
      await readsLittle(() => client.get(`/games?${query}`));
      await readsLittle(() => client.get(`/games?${query}&${deep('newest', query)}`));
      if (query.includes('status=') && !query.includes('enrollment_open')) continue;
      const soon = `sort=ending_soon&${query}`;
      await readsLittle(() => client.get(`/games?${soon}`));
      await readsLittle(() => client.get(`/games?${soon}&${deep('ending_soon', soon)}`));
    }
  });
});

describe('a page of the games with some words', () => {
  const searches = [
    { query: 'q=game', found: 50, more: true },
    { query: 'q=gam', found: 50, more: true },
    // The beginning of 111,111 words, all of them rare.
    { query: 'q=2', found: 50, more: true },
    { query: 'q=rare', found: 2, more: false },
    { query: 'q=nowhere', found: 0, more: false },
    { query: 'q=game%20rare', found: 2, more: false },
    { query: 'q=rare&status=running', found: 0, more: false },
    { query: 'q=game%20799999', found: 1, more: false },
    // Half of all games have the one word, half the other: no game has both, and no game that comes first the second.
    { query: 'q=young%20old', found: 0, more: true },
    { query: 'q=old', found: 0, more: true },
    { query: 'q=game&status=paused', found: 8, more: false },
    { query: 'q=game&has_free_places=true', found: 19, more: false },
    { query: 'q=game&target_engine_version=2.0.0', found: 4, more: false },
  ];

  test.each(searches)('reads little for $query', async ({ query, found, more }) => {
    const page = await me.get(`/games?${query}`);
    expect(column(page, 'game_id')).toHaveLength(found);
    expect((page.body as { next_page_token?: string }).next_page_token !== undefined).toBe(more);
    const allowed = { rows: 12_000, pages: 1_000 };
    for (const client of [me, admin]) {
      const statements = await readsLittle(() => client.get(`/games?${query}`), allowed);
      expect(statements).toBeLessThan(10);
      await readsLittle(() => client.get(`/games?${query}&${deep('newest', query, searchTokens)}`), allowed);
      if (query.includes('status=')) continue;
      const soon = `sort=ending_soon&${query}`;
      await readsLittle(() => client.get(`/games?${soon}`), allowed);
      const behind = deep('ending_soon', soon, searchTokens);
      await readsLittle(() => client.get(`/games?${soon}&${behind}`), allowed);
    }
  });

  test('ends after twenty thousand games, however few of them have the words', async () => {
    for (const client of [me, admin]) {
      let pages = 0;
      let token: string | undefined;
      do {
        const page = await client.get(`/games?q=old${token === undefined ? '' : `&page_token=${token}`}`);
        expect(column(page, 'game_id')).toEqual([]);
        token = (page.body as { next_page_token?: string }).next_page_token;
        pages += 1;
      } while (token !== undefined);
      expect(pages).toBe(10);
    }
  });

  test('leads to every game that has them, and to each once', async () => {
    const found: unknown[] = [];
    let token: string | undefined;
    do {
      const query = 'q=sparse&game_type=private&status=enrollment_open';
      const page = await admin.get(`/games?${query}${token === undefined ? '' : `&page_token=${token}`}`);
      found.push(...column(page, 'game_id'));
      token = (page.body as { next_page_token?: string }).next_page_token;
    } while (token !== undefined);
    expect(found).toEqual(Array.from({ length: 333 }, (_, index) => gameIdOf(100_200 + index * 300)));
  });
});

test.each([
  '/my/games',
  '/my/games?role=owner',
  '/my/games?role=player',
  '/my/games?status=paused',
  '/my/games?waiting_for_me=false',
  '/my/applications',
  '/my/applications?status=withdrawn',
  '/my/invites',
  '/my/race-names',
  '/my/race-names?kind=registered',
])('%s reads little beside what is mine', async (path) => {
  // I have played in 501 games, have applied to 500 and hold 300 names.
  await readsLittle(() => me.get(path), { rows: 2_500, pages: 3_000 });
});

test('games are counted for operators by status, of many only the first', async () => {
  // Ten thousand entries of an index for each list partition.
  await readsLittle(
    async () => {
      const { body } = await admin.get('/game-counts');
      const { items } = body as { items: { status: string; count: number; is_complete: boolean }[] };
      expect(items.find(({ status }) => status === 'finished')).toMatchObject({ is_complete: false });
      expect(Math.max(...items.map(({ count }) => count))).toBeLessThanOrEqual(40_000);
    },
    { rows: 250_000, pages: 4_000 },
  );
});

test('games that wait for me are found without reading those that are over', async () => {
  const waiting = [600_002, 600_012].map(gameIdOf);
  await lobby.pool.query(
    `insert into lobby.memberships (membership_id, game_id, user_id, race_name, status, seat, joined_at)
     select gen_random_uuid(), game_id, $2, 'Vegans', 'active', 7, now() from unnest($1::uuid[]) game_id`,
    [waiting, me.userId],
  );
  await lobby.pool.query(`update lobby.games set awaited_seats = '{1,7}' where game_id = any($1)`, [waiting]);
  for (const query of ['', '&role=player', '&status=running', '&page_size=2']) {
    const path = `/my/games?waiting_for_me=true${query}`;
    expect(column(await me.get(path), 'game_id')).toEqual(waiting);
    // The 503 memberships, twice: in their index, and in their table.
    await readsLittle(() => me.get(path), { rows: 1_020, pages: 120 });
  }
});

test('a game, its lists and its timeline are read without those of other games', async () => {
  const popular = `/games/${gameIdOf(numbers.popular)}`;
  const somebody = lobby.player();
  for (const client of [me, admin, somebody]) {
    await readsLittle(() => client.get(popular));
    await readsLittle(() => client.get(`${popular}/memberships`));
    await readsLittle(() => client.get(`${popular}/invites`));
    await readsLittle(() => client.get(`${popular}/applications`), { rows: 10_100, pages: 1_000 });
    // All 5,000 of the game have to be looked at, first in the index.
    await readsLittle(() => client.get(`${popular}/applications?status=withdrawn`), {
      rows: 10_100,
      pages: 1_000,
    });
  }
  await readsLittle(() => me.get(`${popular}/timeline`));
});

test('what the Game Master asks about a game is read without other games and other members', async () => {
  const { ownedPrivate, fakePrivate, invitedPrivate, popular } = numbers;
  for (const n of [1, ownedPrivate, invitedPrivate, ...fakePrivate, popular]) {
    for (const { userId } of [me, lobby.player()]) {
      await readsLittle(() => findPlayAccess(lobby.db, gameIdOf(n), userId), { rows: 10, pages: 40 });
    }
  }
  // The popular one has a thousand members.
  await readsLittle(() => findStanding(lobby.db, gameIdOf(popular)), { rows: 2_100, pages: 1_100 });
  await readsLittle(() => findStanding(lobby.db, gameIdOf(1)), { rows: 10, pages: 40 });
});

test('whether a race name is free is told without reading those of others', async () => {
  await readsLittle(() => me.get('/race-names/availability?name=Name%20100000'), { rows: 5, pages: 20 });
  await readsLittle(() => me.get('/race-names/availability?name=Vegans'), { rows: 5, pages: 20 });
});

test('making a game, applying, approving and leaving read little beside what is mine', async () => {
  await readsLittle(
    async () => {
      const gameId = await makeOpenGame(me, { game_name: 'The newest of all' });
      await me.patch(`/games/${gameId}`, { body: { description: 'common' } });
      const player = lobby.player();
      await join(player, me, gameId, 'Lyrans');
      await apply(me, gameId, 'Cygnans');
      await player.post(`/games/${gameId}/leave`);
      await me.post(`/games/${gameId}/cancel`);
    },
    { rows: 2_500, pages: 3_000 },
  );
});

test('applying to a game with very many members and applications, and being approved, looks at neither', async () => {
  const popular = gameIdOf(numbers.popular);
  await lobby.pool.query('update lobby.games set max_players = 1000 where game_id = $1', [popular]);
  const player = lobby.player();
  await readsLittle(
    async () => {
      await join(player, me, popular, 'Mirans');
      await player.post(`/games/${popular}/leave`);
    },
    { rows: 100, pages: 200 },
  );
});

test('the enrollment automation finds what is due without looking at what is not', async () => {
  const log = createLogger({ service: 'test', level: 'silent' });
  const { signal } = new AbortController();
  await readsLittle(() => closeDueEnrollments(lobby, log, signal), { rows: 100, pages: 200 });
  const closed = await lobby.pool.query(`select game_id from lobby.games where status = 'ready_to_start'`);
  expect(closed.rows.map((row) => row.game_id).toSorted()).toEqual(numbers.due.map(gameIdOf));
  await readsLittle(() => notifyOwnersOfUnderfilledGames(lobby, log, signal), { rows: 100, pages: 200 });
  await readsLittle(() => failOverdueStarts(lobby, log, signal), { rows: 100, pages: 200 });
  expect(await me.get(`/games/${gameIdOf(numbers.overdue)}`)).toMatchObject({
    body: { status: 'start_failed' },
  });
  await readsLittle(() => cancelIdleGames(lobby, log, signal), { rows: 100, pages: 200 });
});

test('games that the Game Master has not taken over are found without looking at others', async () => {
  await readsLittle(() => listUnregisteredGames(lobby.db, lobby.now(), 100), { rows: 10, pages: 50 });
});

test('race names that were not registered in time are found without looking at others', async () => {
  lobby.clock.advance(10 * 60_000);
  await readsLittle(() => lobby.raceNames.listExpired(lobby.db, lobby.now(), 100), { rows: 10, pages: 50 });
});
