import { sql } from 'drizzle-orm';
import type { Db } from './database.ts';
import { games } from './schema.ts';

/** How many games each list partition has, up to `limit`: so many entries of an index are read of each. */
export async function countIn(
  db: Db,
  partitions: readonly string[],
  limit: number,
): Promise<Map<string, number>> {
  const inPartition = db
    .select({ one: sql`1` })
    .from(games)
    .where(sql`${games.listPartition} = given.partition`)
    .limit(limit);
  const rows = await db
    .select({
      partition: sql<string>`given.partition`,
      count: sql<number>`(select count(*)::int from ${inPartition.as('in_partition')})`,
    })
    .from(sql`unnest(${sql.param([...partitions])}::text[]) as given (partition)`);
  return new Map(rows.map(({ partition, count }) => [partition, count]));
}
