// The tables of stream consumers, the same in the schema of every service that has consumers. All times are
// PostgreSQL's own. See docs/streams.md.
import { index, jsonb, type PgSchema, primaryKey, text, timestamp, unique, uuid } from 'drizzle-orm/pg-core';

const time = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });

export function streamTables(schema: PgSchema) {
  return {
    /** The lease of each consumer, and its latest failure. */
    consumers: schema.table('consumers', {
      name: text('name').primaryKey(),
      /** The process that holds the lease; others wait until the lease ends. */
      holder: uuid('holder'),
      heldUntil: time('held_until'),
      lastError: text('last_error'),
      lastErrorAt: time('last_error_at'),
    }),
    /** Applied events, by the ids that their producers set, to detect repeats. */
    processedEntries: schema.table(
      'processed_entries',
      {
        consumer: text('consumer').notNull(),
        eventId: text('event_id').notNull(),
        processedAt: time('processed_at').notNull().defaultNow(),
      },
      (entry) => [
        primaryKey({ name: 'processed_entries_pkey', columns: [entry.consumer, entry.eventId] }),
        index('processed_entries_by_age').on(entry.processedAt),
      ],
    ),
    /** Entries that could not be applied, until an admin retries or discards them. */
    deadLetters: schema.table(
      'dead_letters',
      {
        deadLetterId: uuid('dead_letter_id').primaryKey(),
        consumer: text('consumer').notNull(),
        entryId: text('entry_id').notNull(),
        fields: jsonb('fields').$type<Readonly<Record<string, string>>>().notNull(),
        reason: text('reason').notNull(),
        /** The parked key: its later entries wait here, too. null for an entry for which no other waits. */
        parkedKey: text('parked_key'),
        /** An admin wants the entries of the key to be applied, oldest first. */
        retryRequestedAt: time('retry_requested_at'),
        createdAt: time('created_at').notNull().defaultNow(),
      },
      (letter) => [
        unique('dead_letters_one_per_entry').on(letter.consumer, letter.entryId),
        index('dead_letters_by_age').on(letter.createdAt, letter.deadLetterId),
      ],
    ),
  };
}

export type StreamTables = ReturnType<typeof streamTables>;
