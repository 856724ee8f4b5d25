import { sql } from 'drizzle-orm';
import type { Postgres } from './pool-options.ts';

/** drizzle's journal of a service's migrations. */
export type MigrationJournal = {
  readonly entries: readonly { readonly tag: string; readonly when: number }[];
};

/**
 * For processes that do not migrate: refuses a schema that is older than this version.
 * @throws Error that says what to do.
 */
export async function refuseOldSchema(
  { db }: Pick<Postgres, 'db'>,
  { schema, journal }: { schema: string; journal: MigrationJournal },
): Promise<void> {
  const newest = journal.entries.at(-1);
  if (newest === undefined) throw new TypeError(`there are no migrations of schema ${schema}`);
  const migrations = sql`${sql.identifier(schema)}.${sql.identifier('schema_migrations')}`;
  const [exists] = await db
    .select({ name: sql<string | null>`to_regclass(${`${schema}.schema_migrations`})::text` })
    .from(sql`(select 1) as one`);
  const [applied] =
    exists?.name == null
      ? []
      : await db.select({ when: sql<string>`coalesce(max(created_at), 0)::text` }).from(migrations);
  if (Number(applied?.when ?? 0) >= newest.when) return;
  throw new Error(
    `schema ${schema} of PostgreSQL is older than this version, which needs migration ${newest.tag}; ` +
      `run: node infra/node/migrate.ts ${schema}`,
  );
}
