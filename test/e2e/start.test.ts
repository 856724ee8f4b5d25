// npm start and npm run demo as a person at a terminal uses them, on ports and folders of their own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../infra/local/child.ts';
import { localVariables } from '../../infra/local/config.ts';

const root = join(import.meta.dirname, '..', '..');
let folder: string;
let env: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-test-start-'));
  env = {
    PATH: process.env.PATH ?? '',
    GALAXY_DATA_FOLDER: folder,
    GALAXY_POSTGRES_PORT: '0',
    GALAXY_REDIS_PORT: '0',
  };
  for (const { name } of Object.values(localVariables.listeners)) env[name] = `127.0.0.1:${await freePort()}`;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Run = { child: ChildProcess; output: () => string; exitCode: Promise<number | null> };

/** In a process group of its own, as a shell would run it. */
function run(entry: string, more: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, ['infra/run.mjs', entry], {
    cwd: root,
    env: { ...env, ...more },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return { child, output: () => output, exitCode: once(child, 'close').then(() => child.exitCode) };
}

async function startStack(): Promise<Run> {
  const started = run('infra/local/start.ts');
  const ready = vi.waitFor(() => expect(started.output()).toContain('Galaxy is ready'), { timeout: 60_000 });
  const early = started.exitCode.then((code) => {
    throw new Error(`npm start ended with exit code ${code}:\n${started.output()}`);
  });
  early.catch(() => undefined);
  await Promise.race([ready, early]);
  return started;
}

/** What Ctrl-C does: the signal goes to every process of the terminal's foreground group. */
function pressCtrlC({ child }: Run): void {
  process.kill(-(child.pid ?? 0), 'SIGINT');
}

/** Processes that run in the data folder or were told of it. */
async function processesOfFolder(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const [cwd, environ, command] = await Promise.all([
        readlink(`/proc/${pid}/cwd`).catch(() => ''),
        readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''),
        readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
      ]);
      const ours = [cwd, environ, command].some((text) => text.includes(folder));
      return ours ? [`${pid} ${command.replaceAll('\0', ' ')}`] : [];
    }),
  );
  return found.flat();
}

/** Not one of the children that a PostgreSQL server has. */
const isMainProcess = (line: string) => !/^\d+ postgres: /.test(line);

describe.runIf(process.platform === 'linux')('npm start', () => {
  it('starts everything, serves the demo, and leaves no process behind on Ctrl-C; and so again', async () => {
    for (const _ of ['first', 'second']) {
      const stack = await startStack();
      // Launcher, pinned Node, PostgreSQL, Redis and four services at least.
      expect((await processesOfFolder()).length).toBeGreaterThanOrEqual(8);

      const demo = run('infra/local/demo.ts');
      expect([await demo.exitCode, demo.output()]).toEqual([0, expect.stringContaining('All of it worked')]);
      expect(demo.output()).toContain('Using the stack that runs already');

      pressCtrlC(stack);
      expect([await stack.exitCode, stack.output()]).toEqual([
        0,
        expect.stringContaining('stopped, nothing is left running'),
      ]);
      expect(await processesOfFolder()).toEqual([]);
    }
  });

  it.each([
    ['the command', / infra\/run\.mjs /, 0],
    ['the launcher behind it', /^\S+ \S+\/node \S+\/infra\/local\/start\.ts/, 2],
  ])('stops its services when %s is killed, and starts again', async (_, killed, left) => {
    await startStack();
    const victim = (await processesOfFolder()).find((line) => killed.test(line));
    process.kill(Number(victim?.split(' ')[0]), 'SIGKILL');
    // A killed launcher cannot stop its databases; the next start takes them over.
    await vi.waitFor(
      async () => expect((await processesOfFolder()).filter(isMainProcess)).toHaveLength(left),
      {
        timeout: 20_000,
        interval: 200,
      },
    );
    const next = await startStack();
    pressCtrlC(next);
    expect(await next.exitCode).toBe(0);
    expect(await processesOfFolder()).toEqual([]);
  });

  it('names every port that is taken and the variable that moves it, and starts nothing', async () => {
    const [http, grpc] = [env.GATEWAY_PUBLIC_HTTP_ADDR, env.GATEWAY_AUTHENTICATED_GRPC_ADDR];
    const squatters = [http, grpc].map((address) =>
      createServer().listen(Number(address?.split(':')[1]), '127.0.0.1'),
    );
    await Promise.all(squatters.map((server) => once(server, 'listening')));
    try {
      const stack = run('infra/local/start.ts');
      expect(await stack.exitCode).toBe(1);
      expect(stack.output()).toContain(`GATEWAY_PUBLIC_HTTP_ADDR: ${http} is in use by another process`);
      expect(stack.output()).toContain(
        `GATEWAY_AUTHENTICATED_GRPC_ADDR: ${grpc} is in use by another process`,
      );
      expect(await processesOfFolder()).toEqual([]);
    } finally {
      for (const server of squatters) server.close();
    }
  });
});

describe('npm run demo', () => {
  it('starts a stack of its own where none runs, and removes it again', async () => {
    const demo = run('infra/local/demo.ts');
    expect([await demo.exitCode, demo.output()]).toEqual([0, expect.stringContaining('All of it worked')]);
    expect(demo.output()).toContain('the demo starts its own');
  });
});
