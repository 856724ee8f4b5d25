import { sql } from 'drizzle-orm';
import { type PoolOptions, type Postgres, sessionTimeouts } from './pool-options.ts';

/**
 * Checks the time-outs that hold on a session. Without a pooler they are what this process asked for; a pooler passes
 * nothing on, so the role must have them. A pooler that nothing is known of is found here, too.
 * @throws Error that says what to do.
 */
export async function refuseWrongTimeouts(
  { db }: Pick<Postgres, 'db'>,
  options: Pick<PoolOptions, 'operationTimeoutMs' | 'pooler'>,
): Promise<void> {
  const setting = (name: string) => sql<string>`(select setting from pg_settings where name = ${name})`;
  for (const [name, wantedMs] of Object.entries(sessionTimeouts(options))) {
    const [row] = await db
      .select({ ms: setting(name), role: sql<string>`current_user` })
      .from(sql`(select 1) as one`);
    const ms = Number(row?.ms);
    if (options.pooler !== 'transaction') {
      if (ms === wantedMs) continue;
      throw new Error(
        `${name} is ${ms} ms on a new session, not ${wantedMs} ms as this process asked for: the DSN ` +
          'sets another, or a pooler ignores startup parameters. For a pooler set …_POSTGRES_POOLER to transaction',
      );
    }
    if (ms > 0 && ms <= wantedMs) continue;
    throw new Error(
      `${name} is ${ms} ms for the role ${row?.role}; behind a pooler the role must have one of at most ` +
        `${wantedMs} ms. Run: ALTER ROLE "${row?.role}" SET ${name} = ${wantedMs}; then let the pooler reconnect`,
    );
  }
}
