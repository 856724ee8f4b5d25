// The table of an outbox, the same in the schema of every service that has one. See docs/outbox.md.
import { sql } from 'drizzle-orm';
import { bigint, index, integer, jsonb, type PgSchema, text, timestamp } from 'drizzle-orm/pg-core';

export type MessagePayload = Readonly<Record<string, unknown>>;

const time = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });

/** All times in it are PostgreSQL's own, so that replicas whose clocks differ agree on what is due. */
export function outboxTable(schema: PgSchema) {
  return schema.table(
    'outbox',
    {
      /** Of two messages under one key the one with the lower position was committed first. */
      position: bigint('position', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
      /** What it says; it determines the publisher. */
      kind: text('kind').notNull(),
      /** Messages with one key (a user, a game) are published in their order. */
      orderingKey: text('ordering_key').notNull(),
      payload: jsonb('payload').$type<MessagePayload>().notNull(),
      /** W3C trace context of the request that decided it. */
      traceparent: text('traceparent'),
      createdAt: time('created_at').notNull().defaultNow(),
      /** Attempts that failed since it was written, or since it was last published. */
      failures: integer('failures').notNull().default(0),
      nextAttemptAt: time('next_attempt_at').notNull().defaultNow(),
      /** null until a publisher has accepted it. */
      publishedAt: time('published_at'),
    },
    (message) => [
      index('outbox_waiting_by_key')
        .on(message.orderingKey, message.position)
        .where(sql`published_at is null`),
      index('outbox_waiting').on(message.position).where(sql`published_at is null`),
      index('outbox_published').on(message.publishedAt).where(sql`published_at is not null`),
    ],
  );
}

export type OutboxTable = ReturnType<typeof outboxTable>;
