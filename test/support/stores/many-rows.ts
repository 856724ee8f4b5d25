// Fills tables, most of them the lobby's, with very many rows, for tests and benchmarks of work that must not depend on their number.
import pg from 'pg';
import { searchWordsVersion } from '../../../lib/lobby/domain/search-words.ts';

/** Columns of a row as SQL expressions in `n`, which counts the rows from 1. */
export type Columns = Readonly<Record<string, string>>;

/** An id that contains `n`. Cheap, since a million of them are made. */
export function idOf(n: string): string {
  return `('01960000-0000-7000-8000-' || lpad(to_hex(${n}), 12, '0'))::uuid`;
}

/** An id that looks random, always the same for the same `n`. */
export function randomId(n: string): string {
  return `overlay(overlay(md5((${n})::text) placing '4' from 13) placing '8' from 17)::uuid`;
}

const gameDefaults: Columns = {
  game_id: idOf('n'),
  game_type: `'public'`,
  owner_user_id: randomId('n'),
  game_name: `'Game ' || n`,
  description: `'friendly'`,
  status: `'enrollment_open'`,
  min_players: '2',
  max_players: '4',
  start_gap_hours: '0',
  start_gap_players: '0',
  enrollment_ends_at: `now() + interval '1 year'`,
  opened_at: 'now()',
  turn_schedule: `'0 20 * * *'`,
  time_zone: `'UTC'`,
  target_engine_version: `'1.4.0'`,
  created_at: `now() - n * interval '1 second'`,
  updated_at: 'now()',
  revision: '1',
  active_members: '0',
};

/**
 * Inserts games `from` to `to`, 1 being the newest. Columns default to those of an open game without players. Of names
 * and descriptions only ASCII words are found.
 */
export function insertGames(
  client: pg.ClientBase | pg.Pool,
  from: number,
  to: number,
  columns: Columns = {},
) {
  const all = { ...gameDefaults, ...columns };
  const { game_name, description } = all;
  return insertRows(client, 'lobby.games', `generate_series(${from}, ${to}) n`, {
    search_words: `to_tsvector('simple', ${game_name} || ' ' || ${description})`,
    search_words_of: `md5('${searchWordsVersion} ' || ${game_name} || ' ' || ${description})`,
    ...all,
  });
}

/** Inserts a row into a table for each row of a FROM clause, whose columns the expressions may use. */
export async function insertRows(
  client: pg.ClientBase | pg.Pool,
  table: string,
  from: string,
  columns: Columns,
) {
  const names = Object.keys(columns).join(', ');
  await client.query(
    `insert into ${table} (${names}) select ${Object.values(columns).join(', ')} from ${from}`,
  );
}

/** What the lobby writes about the words of games, after games were inserted. */
export const wordsOfGames: [from: string, columns: Columns] = [
  `lobby.games where status not in ('draft', 'cancelled')`,
  { game_type: 'game_type', word: 'unnest(tsvector_to_array(search_words))', game_id: 'game_id' },
];

/**
 * Inserts in bulk on two connections: without indexes and without looking up what rows refer to. The indexes are made
 * afterwards, and the tables vacuumed and analysed, as in a database that has run for long.
 * @param dsn of a superuser.
 */
export async function inBulk(
  dsn: string,
  work: (client: pg.Client, other: pg.Client) => Promise<void>,
): Promise<void> {
  const clients = await Promise.all([connect(dsn), connect(dsn)]);
  const [client, other] = clients as [pg.Client, pg.Client];
  try {
    const again = await dropIndexes(client);
    for (const one of clients) await one.query('set session_replication_role = replica');
    await work(client, other);
    await Promise.all([client, other].map((one) => runAll(one, again)));
    await client.query('vacuum analyze');
  } finally {
    await Promise.all(clients.map((one) => one.end()));
  }
}

async function connect(dsn: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: dsn });
  await client.connect();
  await client.query(`set maintenance_work_mem = '256MB'; set max_parallel_maintenance_workers = 0`);
  return client;
}

/** Runs statements from the list until it is empty. */
async function runAll(client: pg.Client, statements: string[]): Promise<void> {
  for (let next = statements.shift(); next !== undefined; next = statements.shift()) await client.query(next);
}

/** Drops all indexes that no foreign key needs. @returns the statements that recreate them. */
async function dropIndexes(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ drop: string; again: string }>(`
    select
      case when c.oid is null then format('drop index lobby.%I', i.relname)
        else format('alter table lobby.%I drop constraint %I', t.relname, c.conname) end as drop,
      case when c.oid is null then pg_get_indexdef(i.oid)
        else format('alter table lobby.%I add constraint %I %s', t.relname, c.conname, pg_get_constraintdef(c.oid)) end as again
    from pg_index x
    join pg_class i on i.oid = x.indexrelid
    join pg_class t on t.oid = x.indrelid
    left join pg_constraint c on c.conindid = i.oid and c.contype in ('p', 'u')
    where i.relnamespace = 'lobby'::regnamespace
      and not exists (select from pg_constraint f where f.contype = 'f' and f.conindid = i.oid)
    order by t.relpages desc`);
  for (const { drop } of rows) await client.query(drop);
  return rows.map(({ again }) => again);
}
