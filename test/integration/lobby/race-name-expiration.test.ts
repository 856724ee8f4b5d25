import { drizzle } from 'drizzle-orm/node-postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestLobby, type TestLobby } from '../../support/lobby.ts';
import { makeDraft } from '../../support/lobby-games.ts';

let lobby: TestLobby;
beforeAll(async () => {
  lobby = await createTestLobby();
});
afterAll(() => lobby.close());

test('what has expired is found through an index, not by reading every name that can be registered', async () => {
  const gameId = await makeDraft(lobby.player());
  await lobby.pool.query(
    `insert into lobby.race_names (race_name_id, kind, user_id, game_id, name, folded, skeleton, held_since, register_until)
     select gen_random_uuid(), 'pending_registration', gen_random_uuid(), $1, 'Zorb', n, n, now(), '2040-01-01'
     from generate_series(1, 20000) as n`,
    [gameId],
  );
  await lobby.pool.query('analyze lobby.race_names');
  const statements: { query: string; params: unknown[] }[] = [];
  const logger = { logQuery: (query: string, params: unknown[]) => statements.push({ query, params }) };
  const watched = drizzle({ client: lobby.pool, logger });
  expect(await lobby.raceNames.listExpired(watched, lobby.now(), 100)).toEqual([]);
  const { rows } = await lobby.pool.query(`explain ${statements[0]?.query}`, statements[0]?.params);
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
  expect(plan).toContain('Index Scan using race_names_expiring');
  expect(plan).not.toContain('Sort');
});
