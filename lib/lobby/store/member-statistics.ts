import { eq, sql } from 'drizzle-orm';
import type { MemberStatistics } from '../domain/capability.ts';
import type { Db, Tx } from './database.ts';
import { memberStatistics, memberships } from './schema.ts';

/** What one report says about one player. */
export type PlayerReport = {
  readonly userId: string;
  readonly planets: number;
  readonly population: number;
};

/** Applies a report to a locked game; players who are not members of it are ignored. */
export async function recordStatistics(
  tx: Tx,
  gameId: string,
  players: readonly PlayerReport[],
): Promise<void> {
  if (players.length === 0) return;
  const reported = sql`json_to_recordset(${JSON.stringify(players)}::json)
    as reported("userId" uuid, planets bigint, population bigint)`;
  await tx.execute(sql`
    insert into ${memberStatistics}
      (game_id, user_id, initial_planets, initial_population, max_planets, max_population)
    select ${gameId}::uuid, "userId", max(planets), max(population), max(planets), max(population)
    from ${reported}
    where "userId" in (select user_id from ${memberships} where game_id = ${gameId}::uuid)
    group by "userId"
    order by "userId"
    on conflict (game_id, user_id) do update set
      max_planets = greatest(${memberStatistics}.max_planets, excluded.max_planets),
      max_population = greatest(${memberStatistics}.max_population, excluded.max_population)`);
}

/** By user. */
export async function statisticsOf(db: Db, gameId: string): Promise<Map<string, MemberStatistics>> {
  const rows = await db.select().from(memberStatistics).where(eq(memberStatistics.gameId, gameId));
  return new Map(rows.map((row) => [row.userId, row]));
}

/** Those of a runtime that never counts. */
export async function deleteStatistics(tx: Tx, gameId: string): Promise<void> {
  await tx.delete(memberStatistics).where(eq(memberStatistics.gameId, gameId));
}
