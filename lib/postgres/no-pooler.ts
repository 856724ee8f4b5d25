import { within } from '../node/process.ts';
import type { Session } from './migration-session.ts';

/** A pooler with one connection to the server lets the first session wait while another one holds it. */
const longestReplyMs = 3_000;

/**
 * Refuses a pooler that gives a session another server connection for each transaction. The server announces the pid of
 * its process on connecting; behind a pooler that is another one. Then it is tried: two statements at rest, and one
 * more while a second session holds the connection that they may have had, must reach the same process.
 * @throws Error that says what to do.
 */
export async function refusePooler(session: Session, open: () => Session): Promise<void> {
  const pid = await pidOf(session);
  if (session.announcedPid() === pid) return;
  if ((await pidOf(session)) !== pid) throw pooled();
  const other = open();
  await other.connect();
  try {
    await other.query('begin');
    await pidOf(other);
    const again = pidOf(session);
    if (!(await within(longestReplyMs, again)) || (await again) !== pid) throw pooled();
  } finally {
    await other.end();
  }
}

async function pidOf(session: Session): Promise<unknown> {
  const { rows } = await session.query('select pg_backend_pid() as pid');
  return rows[0]?.pid;
}

const pooled = () =>
  new Error(
    'the DSN leads to a pooler, which runs each transaction in another session; migrations need a direct connection: ' +
      'set the variable …_POSTGRES_MIGRATION_DSN',
  );
