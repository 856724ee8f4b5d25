// The audit log, the same in the schema of every service with operators' routes. Triggers refuse to change its rows, and to
// delete them before 400 days have passed. They hold ids, states and names of roles, never addresses, names or content.
import { index, jsonb, type PgSchema, text, timestamp, uuid } from 'drizzle-orm/pg-core';

export type AuditState = Record<string, string | number | boolean | null | string[]>;

export function auditTable(schema: PgSchema) {
  return schema.table(
    'audit_entries',
    {
      /** UUIDv7, so that ids are in the order of time. */
      entryId: uuid('entry_id').primaryKey(),
      at: timestamp('at', { withTimezone: true, precision: 3 }).notNull().defaultNow(),
      /** null for what the token of a caller alone admitted. */
      operatorId: uuid('operator_id'),
      sessionId: uuid('session_id'),
      /** What was done, such as `game.cancel`. */
      action: text('action').notNull(),
      /** To what: `game`, `user`, `operator`, `dead_letter`. */
      subjectKind: text('subject_kind').notNull(),
      subjectId: text('subject_id').notNull(),
      /** Why, in the operator's words. */
      reason: text('reason'),
      before: jsonb('before').$type<AuditState>(),
      after: jsonb('after').$type<AuditState>(),
      requestId: text('request_id').notNull(),
    },
    (entry) => [index('audit_entries_by_subject').on(entry.subjectKind, entry.subjectId, entry.entryId)],
  );
}

export type AuditTable = ReturnType<typeof auditTable>;
