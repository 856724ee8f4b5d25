import { type SQL, sql } from 'drizzle-orm';
import { mapRowsOnce } from './map-rows.ts';

/** Placeholders for the values of a statement. The driver gets the values unchanged, null included. */
export type Given<Values> = { readonly [Name in keyof Values]: SQL };

const withoutNames = new WeakSet<object>();

export type OnSession = { readonly _: { readonly session: object } };

/**
 * Prepares no statement by name on this connection or pool: behind a pooler the next statement may reach a session that
 * does not know it, or that has another one of this name.
 */
export function forgoNames(db: OnSession): void {
  withoutNames.add(db._.session);
}

/** The name under which a statement may be prepared here; empty for none. */
export function preparedName({ _: { session } }: OnSession, name: string): string {
  return withoutNames.has(session) ? '' : name;
}

type Preparable<Rows> = {
  prepare(name: string): { execute(values: Record<string, unknown>): Promise<Rows> };
};

/**
 * A prepared statement, for statements that run often. Drizzle builds it once per connection, which saves most of
 * drizzle's work; PostgreSQL parses it once per connection and may also plan it once, so the plan must be good for all
 * values. Constants on which a partial index depends must be inlined (`.inlineParams()`).
 * @param name unique name of the prepared statement. Without one PostgreSQL plans it for each execution.
 * @param build builds it, with placeholders for the values.
 * @returns runs it, on the database or in a transaction.
 */
export function statement<Db extends OnSession, Values extends Record<string, unknown>, Rows>(
  name: string | undefined,
  build: (db: Db, given: Given<Values>) => Preparable<Rows>,
): (db: Db, values: Values) => Promise<Rows> {
  const given = new Proxy({} as Given<Values>, { get: (_, value: string) => sql`${sql.placeholder(value)}` });
  const prepared = new WeakMap<object, ReturnType<Preparable<Rows>['prepare']>>();
  return (db, values) => {
    // All transactions on one connection share it.
    const { session } = db._;
    let known = prepared.get(session);
    if (known === undefined) {
      known = build(db, given).prepare(preparedName(db, name ?? ''));
      mapRowsOnce(known);
      prepared.set(session, known);
    }
    return known.execute(values);
  };
}
