// Migrations of the lobby beside processes of older versions, which go on reading and writing.
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { migrations } from '../../../lib/lobby/migrations.ts';
import { migrate } from '../../../lib/postgres/migrate.ts';
import { createTestDatabase, type TestDatabase } from '../../support/stores/database.ts';

/** A rewrite of the table shows in its file, whatever their number. */
const storedGames = 5_000;

let database: TestDatabase;
let pool: pg.Pool;
let root: string;
beforeAll(async () => {
  database = await createTestDatabase();
  // Far more than a write should wait, since many tests run beside this one.
  pool = new pg.Pool({ connectionString: database.dsn, max: 8, options: '-c statement_timeout=30000' });
  root = await mkdtemp(join(tmpdir(), 'galaxy-test-migrations-'));
});
afterAll(async () => {
  await pool.end();
  await database.drop();
  await rm(root, { recursive: true, force: true });
});

/** A folder with the migrations up to this one. */
async function upTo(tag: string): Promise<string> {
  const folder = join(root, tag);
  // Without the statements that belong to later ones.
  await cp(migrations.folder, folder, { recursive: true, filter: (path) => !path.endsWith('.online.sql') });
  const last = migrations.journal.entries.findIndex((entry) => entry.tag === tag);
  const journal = { ...migrations.journal, entries: migrations.journal.entries.slice(0, last + 1) };
  await writeFile(join(folder, 'meta/_journal.json'), JSON.stringify(journal));
  return folder;
}

/** Another one means that the table was written again. */
const fileOfGames = async () =>
  (await pool.query(`select pg_relation_filenode('lobby.games') as file`)).rows[0].file;

/** As the version with migration 0003 creates games. @param from SQL that gives rows with a `game_id`. */
const createGames = (from: string) => `
  with created as (
    insert into lobby.games (game_id, game_type, game_name, description, status, min_players, max_players,
      start_gap_hours, start_gap_players, enrollment_ends_at, opened_at, turn_schedule, time_zone,
      target_engine_version, created_at, updated_at, revision, active_members)
    select game_id, 'public', 'Far stars', 'For all', 'enrollment_open', 2, 8, 0, 0, now() + interval '1 day', now(),
      '0 18 * * *', 'UTC', '1.0.0', now(), now(), 1, 0
    from (${from}) as given
    returning game_id, words)
  insert into lobby.game_words select unnest(tsvector_to_array(words)), game_id from created`;

/** Writes until it is stopped. @returns how often, and what failed. */
function writeGames() {
  const state = { writes: 0, failures: [] as unknown[] };
  let stopped = false;
  const write = async () => {
    while (!stopped) {
      try {
        await pool.query(createGames('select gen_random_uuid() as game_id'));
        await pool.query(
          `update lobby.games set revision = revision + 1, updated_at = now()
           where game_id = (select game_id from lobby.games limit 1)`,
        );
        state.writes += 1;
      } catch (error) {
        state.failures.push(error);
      }
    }
  };
  const running = Promise.all([write(), write()]);
  return {
    state,
    async stop() {
      stopped = true;
      await running;
    },
  };
}

it('are applied from 0003 on while games are written and a long transaction runs, and rewrite nothing', async () => {
  await migrate({ dsn: database.dsn, folder: await upTo('0002_expiring_race_names'), schema: 'lobby' });
  const before = await fileOfGames();
  await migrate({ dsn: database.dsn, folder: await upTo('0003_lists_by_index'), schema: 'lobby' });
  // 0003 does, so that it can be known.
  const file = await fileOfGames();
  expect(file).not.toBe(before);
  const filler = new pg.Client({ connectionString: database.dsn });
  await filler.connect();
  await filler.query(
    createGames(`select gen_random_uuid() as game_id from generate_series(1, ${storedGames})`),
  );

  await filler.query('begin');
  await filler.query(
    `update lobby.games set revision = 7 where game_id = (select min(game_id::text)::uuid from lobby.games)`,
  );
  const writing = writeGames();
  const waiting = Promise.withResolvers<string>();
  const migrated = migrate({
    dsn: database.dsn,
    folder: migrations.folder,
    schema: 'lobby',
    onWait: waiting.resolve,
  });
  expect(await waiting.promise).toMatch(/could not lock a table that is in use, and are tried again/);
  const { writes } = writing.state;
  await vi.waitFor(() => expect(writing.state.writes).toBeGreaterThan(writes), { timeout: 10_000 });
  await filler.query('commit');
  await filler.end();
  await migrated;
  const { writes: beforeLast } = writing.state;
  await vi.waitFor(() => expect(writing.state.writes).toBeGreaterThan(beforeLast), { timeout: 10_000 });
  await writing.stop();

  expect(writing.state.failures).toEqual([]);
  expect(await fileOfGames()).toBe(file);
  const { rows } = await pool.query(
    `select count(*)::int as games, count(*) filter (where engine_family = 'four-in-a-row')::int as filled,
       (select count(distinct game_id)::int from lobby.game_words) as with_words
     from lobby.games`,
  );
  const games = rows[0].games;
  expect(games).toBeGreaterThanOrEqual(storedGames + writing.state.writes);
  expect(rows[0]).toEqual({ games, filled: games, with_words: games });
}, 120_000);

describe('statements that run outside of a transaction', () => {
  const online =
    'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "things_once" ON "upgrade"."things" ("name");';
  const isValid = async () =>
    (
      await pool.query(
        `select indisvalid from pg_index where indexrelid = to_regclass('upgrade.things_once')`,
      )
    ).rows;

  it('run after the migrations, once; what was interrupted is begun again', async () => {
    const folder = join(root, 'online');
    const migrating = () => migrate({ dsn: database.dsn, folder, schema: 'upgrade' });
    const entry = { idx: 0, version: '7', when: 1, tag: '0000_things', breakpoints: true };
    await cp(join(migrations.folder, 'meta'), join(folder, 'meta'), { recursive: true });
    await writeFile(
      join(folder, 'meta/_journal.json'),
      JSON.stringify({ dialect: 'postgresql', entries: [entry] }),
    );
    await writeFile(join(folder, '0000_things.sql'), 'CREATE TABLE "upgrade"."things" ("name" text);');
    await migrating();
    await pool.query(`insert into upgrade.things values ('a'), ('a')`);

    await writeFile(join(folder, '0000_things.online.sql'), online);
    await expect(migrating()).rejects.toThrow(/could not create unique index "things_once"/);
    expect(await isValid()).toEqual([{ indisvalid: false }]);
    await pool.query('truncate upgrade.things');
    await migrating();
    expect(await isValid()).toEqual([{ indisvalid: true }]);

    await pool.query('drop index upgrade.things_once');
    await migrating();
    expect(await isValid()).toEqual([]);
  });
});
