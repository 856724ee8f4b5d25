import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';

/** The backend's database, or a transaction on it; any PostgreSQL driver of drizzle. */
export type Database = PgDatabase<PgQueryResultHKT>;
