// A lobby that has run for long: a million games, one a minute, of which most are over. The newest 200,000 are drafts
// and private games of others; places are free only in the oldest. What belongs to games has rows to match.
import type pg from 'pg';
import { type Columns, idOf, inBulk, insertGames, insertRows, randomId, wordsOfGames } from './many-rows.ts';

/** The other tables stay small. */
export const filledTables: readonly string[] = [
  'games',
  'listed_words',
  'memberships',
  'applications',
  'invites',
  'timeline',
  'race_names',
  'race_name_keys',
];

/** Games by their number, 1 being the newest. */
export const numbers = {
  draftOfMine: 50_000,
  ownedPrivate: 150_001,
  fakePrivate: [150_002, 150_012],
  invitedPrivate: 150_010,
  /** A game of mine, with very many members, applications, invites and transitions. */
  popular: 500_000,
  due: [300_000, 300_010, 300_020],
  underfilled: 999_950,
  /** A game that has not started in time. */
  overdue: 300_002,
} as const;

export const gameIdOf = (n: number) => `01960000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;

const oneOf = (...of: (number | readonly number[])[]) => `n in (${of.flat().join(', ')})`;

function gameColumns(me: string, now: string): Columns {
  const { draftOfMine, ownedPrivate, popular, due, underfilled, overdue } = numbers;
  return {
    owner_user_id: `case when ${oneOf(draftOfMine, ownedPrivate, popular)} then ${me} else ${randomId('n')} end`,
    game_type: `case when n between 100001 and 200000 then 'private' else 'public' end`,
    status: `case when n <= 100000 then 'draft' when n % 100000 = 7 then 'paused' when n = ${overdue} then 'starting' else
      case n % 10 when 0 then 'enrollment_open' when 1 then 'enrollment_open' when 2 then 'running'
        when 5 then 'cancelled' else 'finished' end end`,
    opened_at: `case when n > 100000 and n % 1000 <> 15 then ${now} end`,
    active_members: 'case when n > 999900 then 1 else 4 end',
    enrollment_ends_at: `${now} + case when ${oneOf(due, underfilled)} then -1 else n end * interval '1 minute'`,
    runtime_job_id: `case when n = ${overdue} then ${randomId('n')} end`,
    start_expires_at: `case when n = ${overdue} then ${now} - interval '1 minute' end`,
    created_at: `${now} - n * interval '1 minute'`,
    target_engine_version: `case when n % 200000 = 199991 then '2.0.0' else '1.4.0' end`,
    // Every name contains "one"; those of the newer half "young", those of the others "old"; few contain "rare".
    description: `concat_ws(' ', case when n > 500000 then 'old' else 'young' end,
      case when n % 400000 = 399999 then 'rare' end, case when n % 300 = 0 then 'sparse' end)`,
  };
}

/** Fills an empty lobby. @param world.now the time on its clock. */
export async function fillLobby(dsn: string, world: { me: string; now: Date }): Promise<void> {
  const me = `'${world.me}'::uuid`;
  const now = `'${world.now.toISOString()}'::timestamptz`;
  await inBulk(dsn, async (one, other) => {
    const columns = gameColumns(me, now);
    await Promise.all([
      insertGames(one, 1, 500_000, columns).then(() => insertMembers(one, me, now)),
      insertGames(other, 500_001, 1_000_000, columns).then(() => insertOtherRows(other, me, now)),
    ]);
    await insertRows(one, 'lobby.listed_words', ...wordsOfGames);
  });
}

async function insertMembers(client: pg.Client, me: string, now: string): Promise<void> {
  const member = { race_name: `'Vegans'`, status: `'active'`, joined_at: `${now} - n * interval '1 minute'` };
  const { fakePrivate, popular } = numbers;
  const members = (numbersOf: string, userId: string, gameId: string, offset: number) =>
    insertRows(client, 'lobby.memberships', numbersOf, {
      ...member,
      membership_id: idOf(`n + ${offset}`),
      game_id: gameId,
      user_id: userId,
    });
  await members('generate_series(1, 1000000, 4) n', randomId('n'), idOf('n'), 0);
  await members('generate_series(1, 1000) n', randomId('n'), idOf(`${popular}`), 2_000_000);
  // Games that I have played in long ago, and two that go on.
  await members('generate_series(600003, 605003, 10) n', me, idOf('n'), 3_000_000);
  await members(`unnest(array[${fakePrivate.join(', ')}]) n`, me, idOf('n'), 3_000_000);
}

async function insertOtherRows(client: pg.Client, me: string, now: string): Promise<void> {
  const before = `${now} - n * interval '1 minute'`;
  const popular = idOf(`${numbers.popular}`);
  const applications = (series: string, userId: string, gameId: string, offset: number) =>
    insertRows(client, 'lobby.applications', series, {
      application_id: idOf(`n + ${offset}`),
      game_id: gameId,
      user_id: userId,
      race_name: `'Vegans'`,
      status: `case n % 2 when 0 then 'pending' else 'rejected' end`,
      created_at: before,
      decided_at: `case n % 2 when 1 then ${now} end`,
    });
  await applications('generate_series(1, 200000) n', randomId('n'), idOf('n'), 0);
  await applications('generate_series(1, 5000) n', randomId('n'), popular, 1_000_000);
  await applications('generate_series(600001, 600500) n', me, idOf('n'), 1_000_000);

  const invites = (series: string, userId: string, gameId: string, status: string, offset: number) =>
    insertRows(client, 'lobby.invites', series, {
      invite_id: idOf(`n + ${offset}`),
      game_id: gameId,
      user_id: userId,
      max_uses: '1',
      uses: '0',
      status: `'${status}'`,
      created_at: before,
      decided_at: status === 'pending' ? 'null' : now,
    });
  await invites('generate_series(1, 100000) n', randomId('n'), idOf('n'), 'declined', 0);
  await invites('generate_series(1, 1000) n', randomId('n'), popular, 'declined', 1_000_000);
  await invites(`unnest(array[${numbers.invitedPrivate}]) n`, me, idOf('n'), 'pending', 1_000_000);

  const transitions = (series: string, gameId: string, revision: string, offset: number) =>
    insertRows(client, 'lobby.timeline', series, {
      entry_id: idOf(`n + ${offset}`),
      game_id: gameId,
      revision,
      at: before,
      trigger: `'pause'`,
      actor: `'owner'`,
      from_status: `'running'`,
      to_status: `'paused'`,
    });
  await transitions('generate_series(1, 100000) n', idOf('n'), '1', 0);
  await transitions('generate_series(1, 3000) n', popular, 'n + 2', 1_000_000);

  const names = { name: `'Name ' || n`, folded: `'name ' || n`, skeleton: `'narne ' || n` };
  const raceNames = (series: string, userId: string, offset: number) =>
    insertRows(client, 'lobby.race_names', series, {
      ...names,
      race_name_id: idOf(`n + ${offset}`),
      kind: `case n % 3 when 0 then 'pending_registration' else 'reservation' end`,
      user_id: userId,
      game_id: idOf('n'),
      held_since: before,
      register_until: `case n % 3 when 0 then ${now} + n * interval '1 minute' end`,
    });
  await raceNames('generate_series(1, 200000) n', randomId('n'), 0);
  await raceNames('generate_series(600001, 600300) n', me, 0);
  for (const kind of ['folded', 'skeleton'] as const) {
    const key = { kind: `'${kind}'`, key: names[kind], user_id: randomId('n') };
    await insertRows(client, 'lobby.race_name_keys', 'generate_series(1, 200000) n', key);
  }
}
