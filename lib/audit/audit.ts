// Writes and reads the audit log.
import { and, desc, eq, lt } from 'drizzle-orm';
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import { v7 as uuidv7 } from 'uuid';
import type { Caller } from '../http/caller.ts';
import type { AuditState, AuditTable } from './table.ts';

type Database = PgDatabase<PgQueryResultHKT>;

export type AuditLog = { readonly db: Database; readonly audit: AuditTable };

export type Act = {
  /** Such as `game.cancel`. */
  readonly action: string;
  readonly subject: { readonly kind: string; readonly id: string };
  readonly before?: AuditState;
  readonly after?: AuditState;
  /** Why, where the request itself says it; what came with an assertion counts first. */
  readonly reason?: string;
};

export type AuditEntry = AuditTable['$inferSelect'];

/** Records what an admin does, in the transaction that does it. What users do themselves is not recorded here. */
export async function recordAct(
  tx: Database,
  table: AuditTable,
  { actor, requestId }: Caller,
  { action, subject, before, after, reason }: Act,
): Promise<void> {
  if (actor.kind !== 'admin') return;
  await tx.insert(table).values({
    entryId: uuidv7(),
    operatorId: actor.adminId ?? null,
    sessionId: actor.sessionId ?? null,
    action,
    subjectKind: subject.kind,
    subjectId: subject.id,
    reason: actor.reason ?? reason ?? null,
    before: before ?? null,
    after: after ?? null,
    requestId,
  });
}

/**
 * Records an act with an effect outside of PostgreSQL: `requested` before it, then `done` or `failed`. When neither follows,
 * the process ended meanwhile, and the effect may or may not have happened.
 */
export async function recordAround<T>(
  { db, audit }: AuditLog,
  caller: Caller,
  act: Omit<Act, 'after'>,
  effect: () => Promise<T>,
): Promise<T> {
  const record = (outcome: 'requested' | 'done' | 'failed') =>
    recordAct(db, audit, caller, { ...act, after: { outcome } });
  await record('requested');
  const result = await effect().catch(async (error: unknown) => {
    await record('failed');
    throw error;
  });
  await record('done');
  return result;
}

export type AuditFilter = {
  readonly operatorId: string | undefined;
  readonly subjectKind: string | undefined;
  readonly subjectId: string | undefined;
};

/** Newest first. @param page.before the id of the last entry on the page before. */
export async function listAuditEntries(
  { db, audit: table }: AuditLog,
  { operatorId, subjectKind, subjectId }: AuditFilter,
  page: { size: number; before: string | undefined },
): Promise<{ entries: AuditEntry[]; next: string | undefined }> {
  const found = await db
    .select()
    .from(table)
    .where(
      and(
        operatorId === undefined ? undefined : eq(table.operatorId, operatorId),
        subjectKind === undefined ? undefined : eq(table.subjectKind, subjectKind),
        subjectId === undefined ? undefined : eq(table.subjectId, subjectId),
        page.before === undefined ? undefined : lt(table.entryId, page.before),
      ),
    )
    .orderBy(desc(table.entryId))
    .limit(page.size + 1);
  const entries = found.slice(0, page.size);
  return { entries, next: found.length > page.size ? entries.at(-1)?.entryId : undefined };
}
