import pg from 'pg';

/** Every row of every table, as text, for comparing. */
export type Tables = Record<string, string[]>;

/** The content of these schemas' tables, except those named in `except`, at one moment. */
export async function readTables(pool: pg.Pool, schemas: string[], except: string[] = []): Promise<Tables> {
  const { rows: tables } = await pool.query<{ schema: string; name: string }>(
    `select schemaname as schema, tablename as name from pg_tables
     where schemaname = any($1) and not tablename = any($2) order by 1, 2`,
    [schemas, except],
  );
  // One statement for all: tests compare the tables after every request.
  const reads = tables.map(({ schema, name }) => {
    const table = `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`;
    return `select ${pg.escapeLiteral(`${schema}.${name}`)} as name, t::text as row from ${table} t`;
  });
  const { rows } = await pool.query<{ name: string; row: string }>(
    `select name, row from (${reads.join(' union all ')}) as rows order by name, row collate "C"`,
  );
  const content: Tables = Object.fromEntries(tables.map(({ schema, name }) => [`${schema}.${name}`, []]));
  for (const { name, row } of rows) content[name]?.push(row);
  return content;
}
