// PostgreSQL databases for test files, on the run's server. A template (a migrated schema) is made once per run by
// the first file that asks for it; a database made from it costs a copy of files, not a migration.
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { inject } from 'vitest';
import { createDatabase, withClient } from '../../../infra/local/postgres.ts';

export type Template = {
  /** A lower-case word, one per schema, such as `lobby`. */
  name: string;
  /** Brings an empty database to the state that test files start from. Must close its connections. */
  migrate: (dsn: string) => Promise<void>;
};

export type TestDatabase = {
  dsn: string;
  /** Removes the database, and ends the sessions that still use it. */
  drop: () => Promise<void>;
};

/** A database for one test file, empty or as the template's `migrate` left it. Drop it in afterAll. */
export async function createTestDatabase(template?: Template): Promise<TestDatabase> {
  const server = inject('postgres').dsn;
  const name = `test_${randomBytes(8).toString('hex')}`;
  await createDatabase(server, name, template && (await ensureTemplate(server, template)));
  return {
    dsn: databaseOn(server, name),
    drop: () =>
      withClient(server, async (client) => {
        await untilUnused(client, name);
        await client.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
      }),
  };
}

/**
 * `pool.end()` does not wait until the server has ended the sessions, and one that is ended by force instead is an error
 * of its client. A second is enough for those; what a killed process has left may stay longer.
 */
async function untilUnused(client: pg.Client, name: string): Promise<void> {
  for (const deadline = Date.now() + 1_000; Date.now() < deadline; await delay(5)) {
    const { rowCount } = await client.query('select 1 from pg_stat_activity where datname = $1', [name]);
    if (rowCount === 0) return;
  }
}

/**
 * Test files run in processes of their own, so the first is found with an advisory lock, which ends with the session.
 * A template gets its name only when it is complete.
 */
async function ensureTemplate(server: string, template: Template): Promise<string> {
  const name = `template_${template.name}`;
  const unfinished = `${name}_unfinished`;
  await withClient(server, async (client) => {
    await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [name]);
    const existing = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (existing.rowCount !== 0) return;
    await client.query(`drop database if exists ${pg.escapeIdentifier(unfinished)} with (force)`);
    await client.query(`create database ${pg.escapeIdentifier(unfinished)}`);
    await template.migrate(databaseOn(server, unfinished));
    await client.query(
      `alter database ${pg.escapeIdentifier(unfinished)} rename to ${pg.escapeIdentifier(name)}`,
    );
  });
  return name;
}

function databaseOn(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}
