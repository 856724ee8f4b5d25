import { sleep } from '../node/sleep.ts';
import type { Session } from './migration-session.ts';

export type Waiting = {
  /** Called with a sentence when another migration is waited for, and again from time to time. */
  onWait?: (line: string) => void;
  /** Ends the wait. */
  stop?: AbortSignal;
  /** Five minutes by default. */
  longestWaitMs?: number;
};

const attemptEveryMs = 250;
const reportEveryMs = 10_000;
const never = new AbortController().signal;

const key = `hashtextextended('galaxy.migrate.' || $1, 0)`;

/**
 * Takes the lock of a schema's migrations, which the session holds until it ends. Waits for another one's, in bounded
 * time and not silently.
 * @throws Error when the wait was too long; the reason of `stop`.
 */
export async function takeMigrationLock(
  session: Session,
  {
    schema,
    onWait = () => {},
    stop = never,
    longestWaitMs = 300_000,
  }: Waiting & {
    schema: string;
  },
): Promise<void> {
  const since = performance.now();
  let reportAt = since;
  for (;;) {
    stop.throwIfAborted();
    const { rows } = await session.query(`select pg_try_advisory_lock(${key}) as taken`, [schema]);
    if (rows[0]?.taken === true) return;
    const now = performance.now();
    const seconds = Math.round((now - since) / 1_000);
    if (now - since >= longestWaitMs) {
      throw new Error(`waited ${seconds} s for ${await holder(session, schema)}, which has not ended`);
    }
    if (now >= reportAt) {
      reportAt = now + reportEveryMs;
      onWait(
        `the migrations of schema ${schema} wait for ${await holder(session, schema)} (for ${seconds} s now, ` +
          `at most ${Math.round(longestWaitMs / 1_000)} s)`,
      );
    }
    await sleep(attemptEveryMs, stop);
  }
}

/** Who holds the lock, so that an operator can find and end it. */
async function holder(session: Session, schema: string): Promise<string> {
  const { rows } = await session.query(
    `select pid from pg_locks where locktype = 'advisory' and granted and objsubid = 1
     and database = (select oid from pg_database where datname = current_database())
     and (classid::bigint << 32) | objid::bigint = ${key}`,
    [schema],
  );
  return rows[0] === undefined
    ? 'another migration'
    : `another migration (process ${rows[0].pid} of PostgreSQL)`;
}
