import type { ExtractTablesWithRelations } from 'drizzle-orm';
import type { PgDatabase, PgQueryResultHKT, PgTransaction } from 'drizzle-orm/pg-core';

type NoSchema = Record<string, never>;

/** The Game Master's database, through whichever driver: what reads take. Every transaction is one, too. */
export type Db = PgDatabase<PgQueryResultHKT, NoSchema>;

/** An open transaction: what everything that writes or locks takes. */
export type Tx = PgTransaction<PgQueryResultHKT, NoSchema, ExtractTablesWithRelations<NoSchema>>;

/** What an operation does in its transaction. Runs again after a deadlock, so it acts on nothing but the database. */
export type Work<Result> = (tx: Tx) => Promise<Result>;
