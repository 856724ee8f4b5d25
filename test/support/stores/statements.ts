// The exact statements that a piece of code sends to PostgreSQL, on any connection of this process.
import pg from 'pg';

export type Statement = {
  readonly text: string;
  readonly values: readonly unknown[];
  /** Set when the statement is prepared once per connection. */
  readonly name?: string;
};

/** Runs `work`. @returns its statements in order, those that begin and end transactions included. */
export async function statementsOf(work: () => Promise<unknown>): Promise<Statement[]> {
  const statements: Statement[] = [];
  const query = pg.Client.prototype.query;
  const recording = function (this: pg.Client, ...args: Parameters<typeof query>) {
    const [config, given] = args as unknown as [string | pg.QueryConfig, unknown];
    const { text, values, name } = typeof config === 'string' ? { text: config } : config;
    statements.push({
      text,
      values: values ?? (Array.isArray(given) ? given : []),
      ...(name === undefined ? {} : { name }),
    });
    return query.apply(this, args);
  };
  pg.Client.prototype.query = recording as typeof query;
  try {
    await work();
  } finally {
    pg.Client.prototype.query = query;
  }
  return statements;
}
