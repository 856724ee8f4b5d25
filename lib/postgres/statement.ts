import { type SQL, sql } from 'drizzle-orm';

/** What stands for the values of a statement while it is put together. The driver gets them as they are, null included. */
export type Given<Values> = { readonly [Name in keyof Values]: SQL };

type Preparable<Rows> = {
  prepare(name: string): { execute(values: Record<string, unknown>): Promise<Rows> };
};

/**
 * A statement that runs often: drizzle, for which that is most of its work, puts it together once per connection, and
 * PostgreSQL parses it once per connection, and may plan it once, too. So the plan must be a good one whatever is
 * given. What is the same each time has to be written out (`.inlineParams()`) where an index depends on it.
 * @param name of this statement alone; a connection knows it by that. Without one PostgreSQL plans it anew each time.
 * @param build puts it together, with what is given in the places of values.
 * @returns runs it, on the database or in a transaction.
 */
export function statement<
  Db extends { readonly _: { readonly session: object } },
  Values extends Record<string, unknown>,
  Rows,
>(
  name: string | undefined,
  build: (db: Db, given: Given<Values>) => Preparable<Rows>,
): (db: Db, values: Values) => Promise<Rows> {
  const given = new Proxy({} as Given<Values>, { get: (_, value: string) => sql`${sql.placeholder(value)}` });
  const prepared = new WeakMap<object, ReturnType<Preparable<Rows>['prepare']>>();
  return (db, values) => {
    // Of all transactions on one connection.
    const { session } = db._;
    const known = prepared.get(session) ?? build(db, given).prepare(name ?? '');
    prepared.set(session, known);
    return known.execute(values);
  };
}
