// The table of idempotency keys, the same in the schema of every service that has one.
import { index, json, type PgSchema, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';

/** First responses of mutating requests. The response is null only inside the transaction that handles the request. */
export function idempotencyKeysTable(schema: PgSchema, columns: { response: string }) {
  return schema.table(
    'idempotency_keys',
    {
      actor: text('actor').notNull(),
      key: text('key').notNull(),
      fingerprint: text('fingerprint').notNull(),
      responseBody: json(columns.response),
      createdAt: timestamp('created_at', { precision: 3, withTimezone: true, mode: 'date' }).notNull(),
    },
    (row) => [
      primaryKey({ name: 'idempotency_keys_pkey', columns: [row.actor, row.key] }),
      index('idempotency_keys_by_age').on(row.createdAt),
    ],
  );
}

export type IdempotencyKeysTable = ReturnType<typeof idempotencyKeysTable>;
