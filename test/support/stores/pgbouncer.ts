// PgBouncer in transaction mode in front of a PostgreSQL of the test.
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../../../infra/local/child.ts';
import { locateProgram } from '../../../infra/local/debian-program.ts';
import { withClient } from '../../../infra/local/postgres.ts';
import { chooseServerUser, giveTo } from '../../../infra/local/postgres-user.ts';

const program = {
  title: 'PgBouncer',
  names: ['pgbouncer'],
  packages: ['pgbouncer'],
  path: 'usr/sbin/pgbouncer',
} as const;

export type PgBouncer = {
  /** The DSN of the same database through PgBouncer. */
  through(dsn: string): string;
  stop(): Promise<void>;
};

/** @param direct DSN of a role of that PostgreSQL. */
export async function startPgBouncer(direct: string): Promise<PgBouncer> {
  const located = await locateProgram(program, { log: (line) => process.stderr.write(`${line}\n`) });
  if (located === undefined)
    throw new Error('There is no PgBouncer on this machine, and no Debian packages.');
  const root = await realpath(await mkdtemp(join(tmpdir(), 'galaxy-test-pgbouncer-')));
  const folder = join(root, 'data');
  await mkdir(folder);
  const { username, password, hostname, port } = new URL(direct);
  const users = join(folder, 'users.txt');
  await writeFile(users, `"${username}" "${password}"\n`);
  const configuration = join(folder, 'pgbouncer.ini');
  const pidFile = join(folder, 'pgbouncer.pid');
  // Like PostgreSQL it refuses to run as root.
  const user = await chooseServerUser('env', folder, folder);
  const through = (dsn: string, own: number) => Object.assign(new URL(dsn), { port: String(own) }).href;
  const server = await startServer({
    name: 'PgBouncer',
    folder,
    pidFile,
    stopSignals: ['SIGTERM'],
    logFile: join(root, 'pgbouncer.log'),
    port: 0,
    portVariable: undefined,
    async command(own) {
      const lines = [
        '[databases]',
        `* = host=${hostname} port=${port}`,
        '[pgbouncer]',
        'listen_addr = 127.0.0.1',
        `listen_port = ${own}`,
        'unix_socket_dir =',
        'auth_type = scram-sha-256',
        `auth_file = ${users}`,
        `pidfile = ${pidFile}`,
        'pool_mode = transaction',
        'default_pool_size = 5',
        'query_wait_timeout = 5',
        'server_login_retry = 1',
        // As an operator sets it who was refused over them.
        'ignore_startup_parameters = statement_timeout,idle_in_transaction_session_timeout',
      ];
      await writeFile(configuration, `${lines.join('\n')}\n`);
      await giveTo(user, folder);
      const [file, ...args] = [...user.prefix, located.file, configuration];
      return { file, args, env: located.env };
    },
    probe: (own) => withClient(through(direct, own), async (client) => void (await client.query('select 1'))),
    log: () => {},
  });
  return {
    through: (dsn) => through(dsn, server.port),
    async stop() {
      await server.stop();
      await rm(root, { recursive: true, force: true });
    },
  };
}
