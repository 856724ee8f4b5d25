// Statements that cannot run in a transaction, or would hold locks for too long in one: beside the migration
// `<tag>.sql` a file `<tag>.online.sql` holds statements that run one by one after all migrations. Each must change
// nothing when it runs again: a process may end between a statement and the record of its file.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Session } from './migration-session.ts';

const suffix = '.online.sql';
const indexName = /^create (?:unique )?index concurrently if not exists "(\w+)"/i;

/** The caller holds the lock of the schema's migrations. */
export async function runOnlineStatements(
  session: Session,
  { folder, schema }: { folder: string; schema: string },
): Promise<void> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(suffix)).toSorted();
  if (files.length === 0) return;
  const table = `"${schema}"."schema_online_migrations"`;
  await session.query(`create table if not exists ${table} (file text primary key)`);
  const { rows } = await session.query(`select file from ${table}`);
  const done = new Set(rows.map(({ file }) => file));
  for (const file of files.filter((name) => !done.has(name))) {
    const text = await readFile(join(folder, file), 'utf8');
    for (const statement of text.split('--> statement-breakpoint').map((part) => part.trim())) {
      await dropHalfBuilt(session, schema, indexName.exec(statement)?.[1]);
      await session.query(statement);
    }
    await session.query(`insert into ${table} (file) values ($1)`, [file]);
  }
}

/** An index whose build was interrupted exists, but is of no use. */
async function dropHalfBuilt(session: Session, schema: string, name: string | undefined): Promise<void> {
  if (name === undefined) return;
  const index = `"${schema}"."${name}"`;
  const { rows } = await session.query(
    'select 1 from pg_index where indexrelid = to_regclass($1) and not indisvalid',
    [index],
  );
  if (rows.length > 0) await session.query(`drop index concurrently ${index}`);
}
