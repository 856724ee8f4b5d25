// A real PostgreSQL for local development and tests, from the npm package for this platform. Everything it owns lies
// in one folder: the database cluster, the password and the log. It listens on 127.0.0.1 only, has no Unix socket,
// and asks for the password.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, link, mkdir, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { type ServerLocation, startServer, stopLeftBehind } from './child.ts';
import { locatePostgres, type PostgresPrograms } from './postgres-programs.ts';
import { chooseServerUser, giveTo, type ServerUser } from './postgres-user.ts';
import { codeOf, lastWords, pidExists } from './processes.ts';

const run = promisify(execFile);
const superuser = 'galaxy';

const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/** Without waiting for the disk: what a crash of the machine would lose does not matter to a test. */
const fastSettings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

export type PostgresOptions = {
  /** Made when missing. Holds `cluster/`, `password` and `postgres.log`. */
  dataFolder: string;
  /** 0 takes a free one. */
  port: number;
  /** Environment variable that sets the port, named when the port is taken. */
  portVariable?: string;
  /** Environment variable that names a PostgreSQL to use instead, named when this machine cannot run one. */
  addressVariable?: string;
  /** Survives a crash of the machine (default), or is as fast as it can be: for tests. */
  durable?: boolean;
  /** Called with a line for the user when a step is slow or something was repaired. */
  log?: (line: string) => void;
};

export type LocalPostgres = {
  port: number;
  /** Process id of the postmaster. */
  pid: number;
  /** DSN of a database of this server, with the superuser's name and password. */
  dsn: (database: string) => string;
  /** Where its Unix socket is, of a server that is as fast as it can be. */
  socketFolder: string;
  /** Makes a database, from a template if one is named; does nothing when it exists. */
  createDatabase: (name: string, template?: string) => Promise<void>;
  /** Resolves with the reason when PostgreSQL ends without having been asked to. */
  lost: Promise<Error>;
  /** Ends all sessions and the server; resolves when its process has gone. */
  stop: () => Promise<void>;
};

/**
 * Starts PostgreSQL on a data folder and waits until it responds. Whatever state a killed run left is cleaned up.
 * @throws Error that says what to do: port taken, folder in use or of another version, no way to run it here.
 */
export async function startPostgres(options: PostgresOptions): Promise<LocalPostgres> {
  const log = options.log ?? (() => {});
  const durable = options.durable ?? true;
  await mkdir(options.dataFolder, { recursive: true, mode: 0o700 });
  const dataFolder = await realpath(options.dataFolder);

  const programs = await locatePostgres(options.addressVariable);
  const user = await chooseServerUser(programs.postgres, dataFolder, clusterIn(dataFolder));
  await ensureCluster({ dataFolder, programs, user, durable, log });
  await requireSameVersion(dataFolder, programs);
  const password = await readPassword(dataFolder);

  const dsn = (port: number, database: string) =>
    `postgres://${superuser}:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
  const server = await startServer({
    ...locationOf(clusterIn(dataFolder)),
    logFile: join(dataFolder, 'postgres.log'),
    port: options.port,
    portVariable: options.portVariable,
    command: async (port) => {
      const [file, ...args] = [...user.prefix, programs.postgres, '-D', clusterIn(dataFolder)];
      return {
        file,
        args: [...args, ...settingArguments(port, durable, dataFolder)],
        env: serverEnvironment(),
      };
    },
    probe: (port) =>
      withClient(dsn(port, 'postgres'), async (client) => void (await client.query('select 1'))),
    log,
  });

  return {
    ...server,
    dsn: (database) => dsn(server.port, database),
    socketFolder: clusterIn(dataFolder),
    createDatabase: (name, template) => createDatabase(dsn(server.port, 'postgres'), name, template),
  };
}

/** Stops a PostgreSQL that a killed run left on this data folder; does nothing when there is none. */
export async function stopLeftPostgres(dataFolder: string): Promise<void> {
  if (!existsSync(clusterIn(dataFolder))) return;
  await stopLeftBehind(locationOf(await realpath(clusterIn(dataFolder))), () => {});
}

/** Makes a database on the server that `dsn` leads to; does nothing when it exists. */
export async function createDatabase(dsn: string, name: string, template?: string): Promise<void> {
  const from = template === undefined ? '' : ` template ${pg.escapeIdentifier(template)}`;
  await withClient(dsn, async (client) => {
    const existing = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (existing.rowCount !== 0) return;
    try {
      await client.query(`create database ${pg.escapeIdentifier(name)}${from}`);
    } catch (error) {
      // Another process created it in between: duplicate_database, or unique_violation when truly at once.
      if (!['42P04', '23505'].includes(codeOf(error) ?? '')) throw error;
    }
  });
}

/** Connects, works, and closes the connection whatever happens. */
export async function withClient<T>(dsn: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: dsn, connectionTimeoutMillis: 5_000 });
  // Without a listener a connection that breaks would end the process; the query under way reports it anyway.
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const clusterIn = (dataFolder: string) => join(dataFolder, 'cluster');
const passwordIn = (dataFolder: string) => join(dataFolder, 'password');

const locationOf = (cluster: string): ServerLocation => ({
  name: 'PostgreSQL',
  folder: cluster,
  pidFile: join(cluster, 'postmaster.pid'),
  // Fast shutdown, then immediate shutdown.
  stopSignals: ['SIGINT', 'SIGQUIT'],
});

function settingArguments(port: number, durable: boolean, dataFolder: string): string[] {
  const fast = { ...fastSettings, unix_socket_directories: clusterIn(dataFolder) };
  const all = { ...settings, port: String(port), ...(durable ? {} : fast) };
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** Nothing of the person's environment reaches the server: PG* variables and odd locales would change it. */
function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };
}

type NewCluster = {
  dataFolder: string;
  programs: PostgresPrograms;
  user: ServerUser;
  durable: boolean;
  log: (line: string) => void;
};

/** Makes the cluster under a passing name first, so that a killed or second initdb never leaves half of one. */
async function ensureCluster({ dataFolder, programs, user, durable, log }: NewCluster): Promise<void> {
  await removeUnfinishedClusters(dataFolder);
  if (existsSync(clusterIn(dataFolder))) {
    await giveTo(user, clusterIn(dataFolder));
    return;
  }
  log('making a new PostgreSQL cluster');
  await ensurePassword(dataFolder);
  const unfinished = join(dataFolder, `cluster-${process.pid}-${randomBytes(3).toString('hex')}`);
  await mkdir(unfinished, { mode: 0o700 });
  await giveTo(user, unfinished);
  await initialise({ unfinished, dataFolder, programs, user, durable });
  try {
    await rename(unfinished, clusterIn(dataFolder));
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(codeOf(error) ?? '')) throw error;
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function initialise(cluster: Omit<NewCluster, 'log'> & { unfinished: string }): Promise<void> {
  const [file, ...args] = [...cluster.user.prefix, cluster.programs.initdb, '-D', cluster.unfinished];
  const locale = ['--encoding=UTF8', '--no-locale', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const access = [
    `--username=${superuser}`,
    '--auth=scram-sha-256',
    `--pwfile=${passwordIn(cluster.dataFolder)}`,
  ];
  const sync = cluster.durable ? [] : ['--no-sync'];
  try {
    await run(file, [...args, ...locale, ...access, ...sync], { env: serverEnvironment() });
  } catch (error) {
    await rm(cluster.unfinished, { recursive: true, force: true });
    throw new Error(`PostgreSQL could not make its data in ${cluster.dataFolder}: ${lastWords(error)}`, {
      cause: error,
    });
  }
}

async function removeUnfinishedClusters(dataFolder: string): Promise<void> {
  for (const name of await readdir(dataFolder)) {
    const maker = /^cluster-(\d+)-/.exec(name)?.[1];
    if (maker === undefined || (pidExists(Number(maker)) && Number(maker) !== process.pid)) continue;
    await rm(join(dataFolder, name), { recursive: true, force: true });
  }
}

/** Writes a random password that only the owner of the folder can read; of two processes at once one wins. */
async function ensurePassword(dataFolder: string): Promise<void> {
  if (existsSync(passwordIn(dataFolder))) return;
  const draft = `${passwordIn(dataFolder)}-${process.pid}`;
  await writeFile(draft, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  await chmod(draft, 0o600);
  try {
    await link(draft, passwordIn(dataFolder));
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function readPassword(dataFolder: string): Promise<string> {
  try {
    return (await readFile(passwordIn(dataFolder), 'utf8')).trim();
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    throw new Error(
      `The password of the PostgreSQL data in ${dataFolder} is missing (file "password"). Put the file back, or ` +
        `start again without these data: rm -rf ${dirname(clusterIn(dataFolder))}`,
      { cause: error },
    );
  }
}

async function requireSameVersion(dataFolder: string, programs: PostgresPrograms): Promise<void> {
  const data = (await readFile(join(clusterIn(dataFolder), 'PG_VERSION'), 'utf8')).trim();
  const { stdout } = await run(programs.postgres, ['--version']);
  const program = /(\d+)/.exec(stdout)?.[1];
  if (data === program) return;
  throw new Error(
    `The data in ${dataFolder} were made by PostgreSQL ${data}, but this project now runs PostgreSQL ${program}. ` +
      `To start again without these data: rm -rf ${dataFolder}. To keep them: go back to the version of the project ` +
      'that made them, save them with pg_dump, and restore them into the new server.',
  );
}
