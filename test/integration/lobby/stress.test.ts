// Many people who apply, are approved, rejected, removed and blocked, withdraw and leave, all at once and again and
// again, in few games and under few names. Whatever comes of it, places and names hold.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Answer, type Client, createTestLobby, type TestLobby } from '../../support/lobby.ts';
import { makeOpenGame } from '../../support/lobby-games.ts';

let lobby: TestLobby;
beforeAll(async () => {
  lobby = await createTestLobby();
});
afterAll(() => lobby.close());

const rounds = 12;
const expected = new Set([
  'ok',
  'forbidden',
  'not_found',
  'invalid_state',
  'already_applied',
  'already_member',
  'game_full',
  'race_name_taken',
]);

/** A generator that gives the same numbers in every run; what is decided by chance here is only who does what. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

function codeOf({ status, body }: Answer): string {
  return status < 300 ? 'ok' : (body as { error: { code: string } }).error.code;
}

async function ids(query: string, values: unknown[]): Promise<string[]> {
  const { rows } = await lobby.pool.query<{ id: string }>(query, values);
  return rows.map(({ id }) => id);
}

/** What must be empty at any time, by what it would show. */
async function violations() {
  const find = async (query: string) => (await lobby.pool.query(query)).rows;
  return {
    miscountedOrOverfull: await find(`
      select game_id from lobby.games g where active_members <>
          (select count(*) from lobby.memberships m where m.game_id = g.game_id and m.status = 'active')
        or active_members > max_players + start_gap_players
        or (gap_opened_at is null) <> (active_members < max_players)`),
    membersWithoutTheirName: await find(`
      select m.game_id, m.user_id from lobby.memberships m left join lobby.race_names n using (game_id, user_id)
      where m.status = 'active' and n.name is distinct from m.race_name`),
    namesOfNobody: await find(`
      select n.game_id, n.user_id from lobby.race_names n where not exists
        (select from lobby.memberships m where (m.game_id, m.user_id) = (n.game_id, n.user_id) and m.status = 'active')`),
    sharedNames: await find(`
      select folded from lobby.race_names group by folded having count(distinct user_id) > 1`),
    strayKeys: await find(`
      select k.kind, k.key from lobby.race_name_keys k where not exists (select from lobby.race_names n
        where n.user_id = k.user_id and k.key = case k.kind when 'folded' then n.folded else n.skeleton end)`),
    namesWithoutKeys: await find(`
      select name from lobby.race_names n where 2 <> (select count(*) from lobby.race_name_keys k
        where k.user_id = n.user_id and (k.kind, k.key) in (('folded', n.folded), ('skeleton', n.skeleton)))`),
    blockedMembers: await find(`
      select game_id, user_id from lobby.memberships group by game_id, user_id
      having bool_or(status = 'blocked') and bool_or(status = 'active')`),
    pendingInClosedGames: await find(`
      select application_id from lobby.applications join lobby.games using (game_id)
      where applications.status = 'pending' and games.status <> 'enrollment_open'`),
  };
}

test('places and names hold whatever happens at once', { timeout: 60_000 }, async () => {
  const roll = dice(20_260_131);
  const owner = lobby.player();
  const players = Array.from({ length: 12 }, () => lobby.player());
  const names = Array.from({ length: 8 }, (_, index) => `Rival ${index}`);
  const games: string[] = [];
  for (let index = 0; index < 3; index++) {
    games.push(await makeOpenGame(owner, { max_players: 4, start_gap_players: 2 }));
  }
  const pick = <Item>(items: readonly Item[]): Item | undefined => items[roll(items.length)];
  const seen = new Map<string, number>();

  const actions = async (): Promise<(() => Promise<Answer>)[]> => {
    const pending = await ids(
      `select application_id as id from lobby.applications where status = 'pending'`,
      [],
    );
    const active = await ids(
      `select membership_id as id from lobby.memberships where status = 'active' and game_id = any($1)`,
      [games],
    );
    const chosen: (() => Promise<Answer>)[] = [];
    const one = (client: Client | undefined, path: string, body?: unknown) => {
      if (client !== undefined) chosen.push(() => client.post(path, body === undefined ? {} : { body }));
    };
    for (const player of players) {
      one(player, `/games/${pick(games)}/applications`, { race_name: pick(names) });
      if (roll(4) === 0) one(player, `/games/${pick(games)}/leave`);
    }
    for (const id of pending) {
      one(owner, `/applications/${id}/approve`);
      if (roll(4) === 0) one(owner, `/applications/${id}/reject`);
      if (roll(4) === 0) one(pick(players), `/applications/${id}/withdraw`);
    }
    for (const id of active) {
      if (roll(6) === 0) one(owner, `/memberships/${id}/remove`);
      if (roll(40) === 0) one(owner, `/memberships/${id}/block`);
    }
    return chosen;
  };

  for (let round = 0; round < rounds; round++) {
    const answers = await Promise.all((await actions()).map((act) => act()));
    for (const answer of answers) {
      const code = codeOf(answer);
      seen.set(code, (seen.get(code) ?? 0) + 1);
    }
    for (const [what, rows] of Object.entries(await violations())) {
      expect(rows, `${what} after round ${round}`).toEqual([]);
    }
  }

  const unexpected = [...seen.keys()].filter((code) => !expected.has(code));
  expect(unexpected).toEqual([]);
  // Enough has happened for this to mean something.
  expect(seen.get('ok')).toBeGreaterThan(50);
  expect(seen.get('race_name_taken')).toBeGreaterThan(0);
  const { rows } = await lobby.pool.query(
    'select status, count(*)::int from lobby.memberships group by status',
  );
  const ends = new Map(rows.map((row) => [row.status, row.count]));
  for (const status of ['left', 'removed']) expect(ends.get(status), status).toBeGreaterThan(0);
});
