// npm start, and npm run demo beside it, as a person uses them in a terminal, on ports and folders of their own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../infra/local/child.ts';
import { localVariables, readLocalConfig } from '../../infra/local/config.ts';
import { withOwnPlatform } from '../../infra/local/demo/own-platform.ts';
import { accepts, compileCache } from '../../infra/local/service.ts';

const root = join(import.meta.dirname, '..', '..');
let folder: string;
let env: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-test-start-'));
  env = {
    PATH: process.env.PATH ?? '',
    ...compileCache,
    GALAXY_DATA_FOLDER: folder,
    GALAXY_POSTGRES_PORT: '0',
    GALAXY_REDIS_PORT: '0',
  };
  for (const { name } of Object.values(localVariables.listeners)) env[name] = `127.0.0.1:${await freePort()}`;
});
afterEach(() => vi.unstubAllEnvs());
afterAll(() => rm(folder, { recursive: true, force: true }));

type Run = { child: ChildProcess; output: () => string; exitCode: Promise<number | null> };

const run = (entry: string, args: string[] = [], more: Record<string, string> = {}) =>
  runCommand([process.execPath, 'infra/run.mjs', entry, ...args], more);

/** Runs it in a process group of its own, as a shell does. */
function runCommand([file = '', ...args]: string[], more: Record<string, string> = {}): Run {
  const child = spawn(file, args, {
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

async function startStack(started = run('infra/local/start.ts')): Promise<Run> {
  const ready = vi.waitFor(() => expect(started.output()).toContain('Galaxy is ready'), { timeout: 120_000 });
  const early = started.exitCode.then((code) => {
    throw new Error(`npm start ended with exit code ${code}:\n${started.output()}`);
  });
  early.catch(() => undefined);
  await Promise.race([ready, early]);
  return started;
}

/** Whether it gets its user into the console. */
async function signsIn(link: string): Promise<boolean> {
  const { origin, pathname, searchParams } = new URL(link);
  const response = await fetch(`${origin}${pathname}`, {
    method: 'POST',
    headers: { origin },
    body: searchParams,
    redirect: 'manual',
  });
  return response.headers.get('location') === '/' && response.headers.has('set-cookie');
}

/** Ctrl-C: the signal goes to every process of the terminal's foreground group. */
function pressCtrlC({ child }: Run): void {
  process.kill(-(child.pid ?? 0), 'SIGINT');
}

/** Processes that run in the data folder or have its path in their environment or arguments. */
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

/** Leaves out the children of a PostgreSQL server. */
const isMainProcess = (line: string) => !/^\d+ postgres: /.test(line);

/** On a stack that runs. */
async function playDemo(stack: Run): Promise<void> {
  const demo = run('infra/local/demo/demo.ts');
  expect([await demo.exitCode, demo.output()]).toEqual([0, expect.stringContaining('All of it worked')]);
  expect(demo.output()).toContain('Using the stack that runs already');
  expect(demo.output()).toContain('It is back, and turn 2 is still open.');
  expect(demo.output()).toMatch(/Rank 1: Orions .+\n {2}Rank 2: Lyrans /);
  expect(demo.output()).toContain('The views of the others are the same as before.');
  expect(demo.output()).toMatch(/and was played at \S+: all_ready\./);
  expect(demo.output()).toMatch(/The game is over: .+\n( {2}Rank \d: .+ people, .+\n){3}/);
  expect(stack.output()).toContain('galaxy: platform runs again');
  expect(demo.output()).toMatch(/game_finished +running → finished, by gm_event/);
}

/** Ends the process of the stack whose command line this is, as a crash does. */
async function killOne(part: RegExp): Promise<void> {
  const victim = (await processesOfFolder()).find((line) => part.test(line));
  process.kill(Number(victim?.split(' ')[0]), 'SIGKILL');
}

async function killAndHearOf(stack: Run, name: string, part: RegExp): Promise<void> {
  await killOne(part);
  const runsAgain = () => expect(stack.output()).toContain(`galaxy: ${name} runs again`);
  await vi.waitFor(runsAgain, { timeout: 60_000, interval: 100 });
}

/** With its output, so that a failure shows it. */
async function expectStopped(stack: Run): Promise<void> {
  expect([await stack.exitCode, stack.output()]).toEqual([
    0,
    expect.stringContaining('stopped, nothing is left running'),
  ]);
  expect(await processesOfFolder()).toEqual([]);
}

const leaves = (count: number) =>
  vi.waitFor(async () => expect((await processesOfFolder()).filter(isMainProcess)).toHaveLength(count), {
    timeout: 60_000,
    interval: 200,
  });

/** Of tests that start the whole platform. */
const timeout = 240_000;

describe.runIf(process.platform === 'linux')('npm start', () => {
  // One after the other in the same folder: each start finds what the one before has left behind.
  it('starts everything, prints its addresses, starts a service again that dies, and stops its services when the command is killed', {
    timeout,
  }, async () => {
    const admin = `127.0.0.1:${await freePort()}`;
    const stack = await startStack(run('infra/local/start.ts', [], { GATEWAY_ADMIN_HTTP_ADDR: admin }));
    // With metrics each service has a process of its own, so that one dies without the others.
    const workers = (await processesOfFolder()).flatMap((line) => / (workers\/\S+)/.exec(line)?.[1] ?? []);
    expect(workers.toSorted()).toEqual([
      'workers/backend-all-in-one.ts',
      'workers/backend-push.ts',
      'workers/console.ts',
      'workers/game-master.ts',
      'workers/gateway.ts',
      'workers/lobby-all-in-one.ts',
      'workers/runtime-manager.ts',
    ]);

    const lines = stack.output().split('\n');
    const lineWith = (address: string | undefined) => lines.find((line) => line.includes(`://${address} `));
    expect(lineWith(env.GATEWAY_AUTHENTICATED_GRPC_ADDR)).toMatch(/Gateway: signed commands and events/);
    expect(lineWith(env.GATEWAY_WEB_HTTP_ADDR)).toMatch(/Gateway, for browsers/);
    expect(lineWith(env.BACKEND_ADMIN_HTTP_ADDR)).toMatch(/Backend, admin/);
    expect(lineWith(admin)).toMatch(/Gateway, admin: metrics/);
    expect((await fetch(`http://${admin}/metrics`)).status).toBe(200);

    const [printed = ''] = /http:\S+\/sign-in\/link\S+/.exec(stack.output()) ?? [];
    const another = run('infra/operator/operator.ts', ['sign-in']);
    expect(await another.exitCode).toBe(0);
    for (const link of [printed, another.output().trim()]) expect(await signsIn(link)).toBe(true);
    expect(await signsIn(printed)).toBe(false);

    await killAndHearOf(stack, 'backend', / \S*workers\/backend-all-in-one\.ts/);
    const path = '/api/v1/public/auth/send-email-code';
    const response = await fetch(`http://${env.GATEWAY_PUBLIC_HTTP_ADDR}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'ada@example.com' }),
    });
    expect(response.status).toBe(202);

    await killOne(/ infra\/run\.mjs /);
    await leaves(0);
  });

  it('starts again, and stops its services when the launcher behind the command is killed', {
    timeout,
  }, async () => {
    await startStack();
    const services = (await processesOfFolder()).filter((line) =>
      /infra\/local\/one-process|workers\//.test(line),
    );
    expect(services).toEqual([expect.stringMatching(/ infra\/local\/one-process\.ts /)]);
    // Each service has a log of its own, whichever process it runs in.
    const gatewayLog = await readFile(join(folder, 'logs', 'gateway.log'), 'utf8');
    expect(
      gatewayLog
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).service),
    ).not.toContain('lobby');
    expect(gatewayLog).toContain('"listener":"authenticated-grpc"');
    const { pid } = JSON.parse(await readFile(join(folder, 'running.json'), 'utf8'));
    expect(await processesOfFolder()).toContainEqual(
      expect.stringMatching(new RegExp(`^${pid} \\S+/node \\S+/infra/local/start\\.ts`)),
    );
    process.kill(pid, 'SIGKILL');
    // A killed launcher cannot stop its databases.
    await leaves(2);
  });

  it('takes databases over that were left running, starts them again when they die, serves the demo, and leaves no process behind on Ctrl-C', {
    timeout,
  }, async () => {
    const stack = await startStack();
    await killAndHearOf(stack, 'PostgreSQL', /\/postgres -D/);
    await killAndHearOf(stack, 'Redis', /(redis|valkey)-server/);
    await playDemo(stack);
    pressCtrlC(stack);
    await expectStopped(stack);
  });

  it.each([
    ['asked to end', 'SIGTERM'],
    ['killed', 'SIGKILL'],
  ] as const)('stops everything in the background when npm is %s', { timeout }, async (_, signal) => {
    const stack = await startStack(runCommand(['npm', 'start']));
    stack.child.kill(signal);
    await stack.exitCode;
    expect(stack.output()).toContain('stopped, nothing is left running');
    expect(await processesOfFolder()).toEqual([]);
  });

  it('reports all invalid values of launcher and services at once, and starts nothing', async () => {
    const wrong = { GALAXY_REDIS_PORT: 'zz', GATEWAY_LOG_LEVEL: 'loud', GATEWAY_UPSTREAM_TOKEN: 'hunter2\n' };
    const stack = run('infra/local/start.ts', [], { ...wrong, LOBBY_PUBLIC_HTTP_ADDR: '127.0.0.1:99999' });
    expect(await stack.exitCode).toBe(1);
    expect(stack.output().trimEnd().split('\n').toSorted()).toEqual([
      '  GALAXY_REDIS_PORT: "zz" cannot be used: write a whole number',
      expect.stringMatching(/^ {2}GATEWAY_LOG_LEVEL: "loud" cannot be used: write one of /),
      expect.stringMatching(/^ {2}GATEWAY_UPSTREAM_TOKEN: its value cannot be used: .* blank or newline/),
      expect.stringMatching(/^ {2}LOBBY_PUBLIC_HTTP_ADDR: "127\.0\.0\.1:99999" .*: the port is out of range/),
      'galaxy refuses to start: 4 problems',
    ]);
    expect(await processesOfFolder()).toEqual([]);
  });

  it.each([
    ['--help', 0, /^npm start: runs the whole platform/],
    ['--prot=1', 2, /^npm start takes no arguments, but got: --prot=1\n/],
  ])('starts nothing when it is given %s', async (arg, exitCode, output) => {
    const refused = run('infra/local/start.ts', [arg]);
    expect(await refused.exitCode).toBe(exitCode);
    expect(refused.output()).toMatch(output);
    expect(refused.output()).toContain('docs/configuration.md');
  });

  it('reports every port that is taken and the variable that changes it, and starts nothing', async () => {
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

describe.runIf(process.platform === 'linux')('the stack that the demo starts when none runs', () => {
  it('is whole, on free ports, and leaves nothing behind, also when the demo fails', {
    timeout,
  }, async () => {
    vi.stubEnv('TMPDIR', folder);
    const playing = withOwnPlatform(readLocalConfig({}), {}, async (stack, adminToken) => {
      expect((await fetch(`${stack.httpUrl}/readyz`)).status).toBe(200);
      const headers = { authorization: `Bearer ${adminToken}` };
      const users = await fetch(`${stack.adminUrl}/api/v1/internal/users`, { headers });
      expect(users.status).toBe(200);
      expect((await fetch(`${stack.gameMasterUrl}/readyz`)).status).toBe(200);
      const [host = '', port] = stack.grpcAddr.split(':');
      expect(await accepts({ host, port: Number(port) })).toBe(true);
      expect(await readFile(stack.mailLog, 'utf8')).toContain('listening');
      const pid = await readFile(stack.gameMasterPidFile, 'utf8');
      expect(await processesOfFolder()).toContainEqual(expect.stringMatching(new RegExp(`^${pid.trim()} `)));
      throw new Error('the demo expected otherwise');
    });
    await expect(playing).rejects.toThrow('the demo expected otherwise');
    expect(await processesOfFolder()).toEqual([]);
    expect((await readdir(folder)).filter((name) => name.startsWith('galaxy-demo-'))).toEqual([]);
  });
});
