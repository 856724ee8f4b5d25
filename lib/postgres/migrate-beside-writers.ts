import type { MigrationConfig } from 'drizzle-orm/migrator';
import { sleep } from '../node/sleep.ts';
import type { Waiting } from './migration-lock.ts';
import type { Session } from './migration-session.ts';
import { deadlockDetected, sqlState } from './transaction.ts';

/** While a migration waits for a table, everybody else waits behind it. */
const lockTimeoutMs = 2_000;
const pauseMs = 1_000;
const lockNotAvailable = '55P03';
const never = new AbortController().signal;

/**
 * Applies migrations whose tables are in use. They wait for each lock only briefly; when one is not free in time, they
 * are rolled back and tried again after a pause in which others get their turn.
 * @throws Error when that took too long; the reason of `stop`.
 */
export async function migrateBesideWriters(
  session: Session,
  { schema, onWait = () => {}, stop = never, longestWaitMs = 300_000 }: Waiting & { schema: string },
  config: MigrationConfig,
): Promise<void> {
  const since = performance.now();
  await session.query(`select set_config('lock_timeout', '${lockTimeoutMs}ms', false)`);
  for (;;) {
    stop.throwIfAborted();
    try {
      await session.migrate(config);
      break;
    } catch (error) {
      const code = sqlState(error)?.code;
      if (code !== lockNotAvailable && code !== deadlockDetected) throw error;
      const waitedMs = performance.now() - since;
      const seconds = Math.round(waitedMs / 1_000);
      if (waitedMs >= longestWaitMs) {
        throw new Error(`a table was in use at every attempt for ${seconds} s: end long transactions on it`, {
          cause: error,
        });
      }
      onWait(
        `the migrations of schema ${schema} could not lock a table that is in use, and are tried again ` +
          `(for ${seconds} s now, at most ${Math.round(longestWaitMs / 1_000)} s)`,
      );
      await sleep(pauseMs, stop);
    }
  }
  await session.query(`select set_config('lock_timeout', '0', false)`);
}
