// Deletes entries of the audit log that are older than 400 days. The trigger of the table refuses to delete younger ones,
// no matter who asks, so this file decides nothing. Any number of replicas may run it.
import { and, asc, inArray, lt, sql } from 'drizzle-orm';
import { runTicks } from '../node/tick-loop.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { AuditLog } from './audit.ts';

const keptDays = 400;
const intervalMs = 3_600_000;
const deletedAtOnce = 1_000;
/** Ids are of the clocks of processes, `at` is of PostgreSQL's. */
const skewMs = 86_400_000;

/** Runs until `stop` aborts; never rejects. */
export function runAuditRetention(
  { log, ...audit }: AuditLog & { readonly log: Logger },
  stop: AbortSignal,
): Promise<void> {
  const tick = async (stopped: AbortSignal) => {
    const deleted = await deleteOldEntries(audit, stopped);
    if (deleted > 0) log.info({ deleted }, 'old entries of the audit log deleted');
  };
  return runTicks({ name: 'audit retention', intervalMs, tick, log }, stop);
}

/** In pieces, each a transaction of its own. @returns how many. */
export async function deleteOldEntries({ db, audit }: AuditLog, stop: AbortSignal): Promise<number> {
  // By their ids, which are in the order of time, so that younger entries are not read.
  const before = firstIdOf(Date.now() - keptDays * 86_400_000 + skewMs);
  let deleted = 0;
  while (!stop.aborted) {
    const oldest = db
      .select({ entryId: audit.entryId })
      .from(audit)
      .where(
        and(
          lt(audit.entryId, before),
          lt(audit.at, sql`now() - ${sql.raw(String(keptDays))} * interval '1 day'`),
        ),
      )
      .orderBy(asc(audit.entryId))
      .limit(deletedAtOnce)
      .for('update', { skipLocked: true });
    const gone = await db
      .delete(audit)
      .where(inArray(audit.entryId, oldest))
      .returning({ entryId: audit.entryId });
    deleted += gone.length;
    if (gone.length < deletedAtOnce) break;
  }
  return deleted;
}

/** The lowest UUIDv7 of a millisecond. */
function firstIdOf(ms: number): string {
  const hex = ms.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
