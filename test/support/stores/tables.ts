import pg from 'pg';

/** Every row of every table, as text, for comparing. */
export type Tables = Record<string, string[]>;

/** The content of these schemas' tables, except those named in `except`. */
export async function readTables(pool: pg.Pool, schemas: string[], except: string[] = []): Promise<Tables> {
  const names = await pool.query<{ schema: string; name: string }>(
    `select table_schema as schema, table_name as name from information_schema.tables
     where table_schema = any($1) and not table_name = any($2) order by 1, 2`,
    [schemas, except],
  );
  const tables: Tables = {};
  for (const { schema, name } of names.rows) {
    const table = `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`;
    const rows = await pool.query<{ row: string }>(`select t::text as row from ${table} t order by 1`);
    tables[`${schema}.${name}`] = rows.rows.map(({ row }) => row);
  }
  return tables;
}
