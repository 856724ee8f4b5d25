import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { startPostgres, withClient } from '../../infra/local/postgres.ts';
import { becomesTrue, pidExists, worksIn } from '../../infra/local/processes.ts';
import { startRedis } from '../../infra/local/redis.ts';
import { locateRedis } from '../../infra/local/redis-program.ts';
import { openRedis } from '../../lib/redis/client.ts';

type Server = { pid: number; port: number; lost: Promise<Error>; stop: () => Promise<void> };
type Options = { dataFolder: string; port: number; portVariable?: string; log?: (line: string) => void };

type Kind = {
  name: string;
  launcherName: string;
  /** Relative to the data folder. */
  workingFolder: string;
  pidFile: string;
  start: (options: Options) => Promise<Server & { write: (value: string) => Promise<void>; read: Read }>;
};
type Read = () => Promise<string | null>;

const postgres: Kind = {
  name: 'PostgreSQL',
  launcherName: 'postgres',
  workingFolder: 'cluster',
  pidFile: 'cluster/postmaster.pid',
  start: async (options) => {
    const server = await startPostgres(options);
    await server.createDatabase('kept');
    const query = (sql: string, values: string[] = []) =>
      withClient(server.dsn('kept'), (client) => client.query<{ value: string }>(sql, values));
    await query('create table if not exists notes (id int primary key, value text not null)');
    return {
      ...server,
      write: async (value) => {
        await query('insert into notes values (1, $1) on conflict (id) do update set value = $1', [value]);
      },
      read: async () => (await query('select value from notes where id = 1')).rows[0]?.value ?? null,
    };
  },
};

const redis: Kind = {
  name: 'Redis',
  launcherName: 'redis',
  workingFolder: '.',
  pidFile: 'redis.pid',
  start: async (options) => {
    const server = await startRedis({ ...options, password: 'secret' });
    const connect = () =>
      openRedis(
        { addr: { host: '127.0.0.1', port: server.port }, password: 'secret', operationTimeoutMs: 5_000 },
        () => {},
      );
    return {
      ...server,
      write: async (value) => {
        const client = await connect();
        await client.set('note', value);
        client.disconnect();
      },
      read: async () => {
        const client = await connect();
        const value = await client.get('note');
        client.disconnect();
        return value;
      },
    };
  },
};

let folder: string;
const toStop: Server[] = [];
const launched: Launched[] = [];

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'galaxy-local-servers-')));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const server of toStop.splice(0)) await server.stop();
  for (const each of launched.splice(0)) await endLauncher(each);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe.each([postgres, redis])('$name', (kind) => {
  const dataFolder = () => join(folder, kind.launcherName);
  // A pid that nobody has collected yet stays visible; a process that works in the folder is alive.
  const runs = (pid: number) => worksIn(pid, join(dataFolder(), kind.workingFolder));
  const start = async (options: Partial<Options> = {}) => {
    const server = await kind.start({ dataFolder: dataFolder(), port: 0, ...options });
    toStop.push(server);
    return server;
  };

  test('keeps its data when its process is killed, and says that it was lost', async () => {
    const first = await start();
    await first.write('still here');
    process.kill(first.pid, 'SIGKILL');
    expect((await first.lost).message).toContain(`${kind.name} ended by itself (SIGKILL)`);

    const second = await start();
    expect(second.pid).not.toBe(first.pid);
    expect(await second.read()).toBe('still here');
  });

  test('leaves no process when it is stopped, even twice', async () => {
    const server = await start();
    expect(await runs(server.pid)).toBe(true);
    await Promise.all([server.stop(), server.stop()]);
    expect(pidExists(server.pid)).toBe(false);
  });

  test('takes the port that it is given', async () => {
    const port = (await start()).port;
    await Promise.all(toStop.splice(0).map((server) => server.stop()));
    expect((await start({ port })).port).toBe(port);
  });

  test('names the port and its variable when the port is taken', async () => {
    const occupant = createServer().listen(0, '127.0.0.1');
    await once(occupant, 'listening');
    const { port } = occupant.address() as AddressInfo;
    await expect(start({ port, portVariable: 'THE_PORT' })).rejects.toThrow(
      new RegExp(`Port ${port} for ${kind.name} is already in use. Set THE_PORT`),
    );
    occupant.close();
  });

  test('outlives a Ctrl-C in the terminal of its launcher, and ends when the launcher exits', async () => {
    const { launcher, serverPid } = await launch(kind, dataFolder(), runs);
    const interrupted = nextLine(launcher);
    signalGroup(launcher, 'SIGINT');
    expect(await interrupted).toBe('interrupted');
    expect(await runs(serverPid)).toBe(true);

    launcher.stdin?.end();
    await once(launcher, 'exit');
    expect(await becomesTrue(async () => !(await runs(serverPid)), 10_000)).toBe(true);
  });

  test('refuses a data folder that another living launcher uses, and leaves that server alone', async () => {
    const { launcher, serverPid } = await launch(kind, dataFolder(), runs);
    await expect(start()).rejects.toThrow(`started by process ${launcher.pid}`);
    expect(await runs(serverPid)).toBe(true);
  });

  test('replaces a server whose launcher was killed', async () => {
    const { launcher, serverPid } = await launch(kind, dataFolder(), runs);
    launcher.kill('SIGKILL');
    await once(launcher, 'exit');
    expect(await runs(serverPid)).toBe(true);

    const lines: string[] = [];
    await start({ log: (line) => lines.push(line) });
    expect(lines).toEqual([`stopping a ${kind.name} that an earlier run left behind (process ${serverPid})`]);
    expect(await runs(serverPid)).toBe(false);
  });

  test('starts although the pid file of a killed server now names some other process', async () => {
    const first = await start();
    await first.write('untouched');
    const pidFile = join(dataFolder(), kind.pidFile);
    process.kill(first.pid, 'SIGKILL');
    await first.lost;
    const remains = await readFile(pidFile, 'utf8');
    await writeFile(pidFile, remains.replace(String(first.pid), String(process.pid)));

    expect(await (await start()).read()).toBe('untouched');
  });
});

describe('PostgreSQL data', () => {
  const dataFolder = () => join(folder, 'postgres');

  test('are kept from others by a random password in a private file', async () => {
    const file = join(dataFolder(), 'password');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const server = await startPostgres({ dataFolder: dataFolder(), port: 0 });
    toStop.push(server);
    const password = (await readFile(file, 'utf8')).trim();
    expect(server.dsn('kept')).toContain(password);
    const withoutPassword = server.dsn('kept').replace(password, 'wrong');
    await expect(withClient(withoutPassword, async () => {})).rejects.toThrow(
      /password authentication failed/,
    );
  });

  test('hold UTF-8 text and are copied from a template', async () => {
    const server = await startPostgres({ dataFolder: dataFolder(), port: 0 });
    toStop.push(server);
    await server.createDatabase('original');
    await withClient(server.dsn('original'), async (client) => {
      await client.query('create table stars (name text)');
      await client.query('insert into stars values ($1)', ['Звезда ✦']);
    });
    await server.createDatabase('copy', 'original');
    const { rows } = await withClient(server.dsn('copy'), (client) => client.query('select name from stars'));
    expect(rows).toEqual([{ name: 'Звезда ✦' }]);
  });

  test('stay when a database is made that exists already', async () => {
    const server = await startPostgres({ dataFolder: dataFolder(), port: 0 });
    toStop.push(server);
    await server.createDatabase('kept');
    await withClient(server.dsn('kept'), (client) => client.query('create table once (id int)'));
    await server.createDatabase('kept');
    const { rows } = await withClient(server.dsn('kept'), (client) => client.query('select * from once'));
    expect(rows).toEqual([]);
  });

  test('of another version are refused with advice', async () => {
    const version = join(dataFolder(), 'cluster', 'PG_VERSION');
    const original = await readFile(version, 'utf8');
    await writeFile(version, '17\n');
    await expect(startPostgres({ dataFolder: dataFolder(), port: 0 })).rejects.toThrow(
      /were made by PostgreSQL 17, but this project now runs PostgreSQL 18.*rm -rf/,
    );
    await writeFile(version, original);
  });

  test('without their password file are refused with advice', async () => {
    const file = join(dataFolder(), 'password');
    const password = await readFile(file, 'utf8');
    await rm(file);
    await expect(startPostgres({ dataFolder: dataFolder(), port: 0 })).rejects.toThrow(
      /password of the PostgreSQL data .* is missing/,
    );
    await writeFile(file, password, { mode: 0o600 });
  });

  test.runIf(process.getuid?.() === 0)(
    'can be made by root in a private folder without user namespaces',
    async () => {
      const hidden = join(folder, 'hidden');
      await mkdir(hidden, { mode: 0o700 });
      await withProgram('unshare');
      const server = await startPostgres({ dataFolder: join(hidden, 'postgres'), port: 0, durable: false });
      toStop.push(server);
      await server.createDatabase('made');
      expect((await stat(join(hidden, 'postgres', 'cluster'))).uid).toBe(65534);
    },
  );
});

describe('Redis', () => {
  test('keeps its password out of its command line and in a private file', async () => {
    const dataFolder = join(folder, 'private-redis');
    const server = await startRedis({ dataFolder, port: 0, password: 'a "quoted\\" secret' });
    toStop.push(server);
    expect((await stat(join(dataFolder, 'redis.conf'))).mode & 0o777).toBe(0o600);
    const open = (password: string) =>
      openRedis(
        { addr: { host: '127.0.0.1', port: server.port }, password, operationTimeoutMs: 5_000 },
        () => {},
      );
    const client = await open('a "quoted\\" secret');
    expect(await client.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
    client.disconnect();
    await expect(open('wrong')).rejects.toThrow(/WRONGPASS/);
  });

  test('that is not to be found is asked for, with the variable that replaces it', async () => {
    vi.stubEnv('PATH', join(folder, 'nothing-here'));
    const options = { addressVariable: 'THE_REDIS', log: () => {}, programsFolder: join(folder, 'programs') };
    await expect(locateRedis(options)).rejects.toThrow(/Install one .* or set THE_REDIS/);
  });

  test('is taken from the PATH when it is there', async () => {
    const programs = await withProgram('valkey-server');
    // Whatever else this machine has.
    vi.stubEnv('PATH', programs);
    const options = { addressVariable: undefined, log: () => {}, programsFolder: join(folder, 'programs') };
    expect((await locateRedis(options)).file).toBe(join(programs, 'valkey-server'));
  });
});

/** Puts a program of this name that always fails first on the PATH. */
async function withProgram(name: string): Promise<string> {
  const programs = await mkdtemp(join(folder, 'programs-'));
  await writeFile(join(programs, name), '#!/bin/sh\nexit 1\n');
  await chmod(join(programs, name), 0o755);
  vi.stubEnv('PATH', `${programs}${delimiter}${process.env.PATH}`);
  return programs;
}

type Launched = { launcher: ChildProcess; serverPid: number; runs: (pid: number) => Promise<boolean> };

/** Starts a server from a Node process of its own. */
async function launch(kind: Kind, dataFolder: string, runs: Launched['runs']): Promise<Launched> {
  const script = fileURLToPath(new URL('../support/run/server-launcher.ts', import.meta.url));
  const launcher = spawn(process.execPath, [script, kind.launcherName, dataFolder], {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const serverPid = Number(await nextLine(launcher));
  launched.push({ launcher, serverPid, runs });
  return { launcher, serverPid, runs };
}

async function endLauncher({ launcher, serverPid, runs }: Launched): Promise<void> {
  if (launcher.exitCode === null && launcher.signalCode === null) {
    launcher.stdin?.end();
    await once(launcher, 'exit');
  }
  await becomesTrue(async () => !(await runs(serverPid)), 10_000);
}

async function nextLine({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('The launcher has no output.');
  const lines = createInterface({ input: stdout });
  const [line] = await once(lines, 'line');
  lines.close();
  return String(line);
}

/** What a terminal does on Ctrl-C: the signal goes to the whole process group. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) throw new Error('The launcher has no process.');
  process.kill(-pid, signal);
}
