// SIGTERM before a process serves: while its modules are loaded, and while its start-up waits for something.
import { spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { compileCache } from '../../infra/local/service.ts';

const root = join(import.meta.dirname, '..', '..');
/** Far less than the time-outs of the stores. */
const waiting = { timeout: 20_000, interval: 10 };

/** Accepts connections and never says a word. */
let silent: Server;
const sockets = new Set<Socket>();
let folder: string;
let env: Record<string, string>;

beforeAll(async () => {
  silent = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
  });
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
  folder = await mkdtemp(join(tmpdir(), 'galaxy-early-stop-'));
  const { privateKey } = generateKeyPairSync('ed25519');
  await writeFile(join(folder, 'signer.pem'), privateKey.export({ format: 'pem', type: 'pkcs8' }));
  const nobody = 'http://127.0.0.1:1';
  env = {
    PATH: process.env.PATH ?? '',
    ...compileCache,
    LOBBY_POSTGRES_PRIMARY_DSN: `postgres://user:secret@${address}/galaxy`,
    LOBBY_POSTGRES_OPERATION_TIMEOUT: '60s',
    LOBBY_REDIS_MASTER_ADDR: address,
    LOBBY_REDIS_PASSWORD: 'secret',
    LOBBY_REDIS_OPERATION_TIMEOUT: '60s',
    LOBBY_USER_SERVICE_BASE_URL: nobody,
    LOBBY_GM_BASE_URL: nobody,
    GATEWAY_REDIS_ADDR: address,
    GATEWAY_REDIS_PASSWORD: 'secret',
    GATEWAY_REDIS_OPERATION_TIMEOUT: '60s',
    GATEWAY_BACKEND_HTTP_URL: nobody,
    GATEWAY_BACKEND_GRPC_ADDR: '127.0.0.1:1',
    GATEWAY_RESPONSE_SIGNER_PRIVATE_KEY_PATH: join(folder, 'signer.pem'),
    BACKEND_REDIS_ADDR: address,
    BACKEND_REDIS_PASSWORD: 'secret',
    BACKEND_REDIS_OPERATION_TIMEOUT: '60s',
  };
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  silent.close();
  await rm(folder, { recursive: true, force: true });
});

/** Says so once all that is loaded before a process's own modules has been loaded. */
const tell = `data:text/javascript,${encodeURIComponent("process.stderr.write('preloaded\\n')")}`;

/** Starts a process as its image does; in a container of its own, if `first`, as process 1. */
function run(args: readonly string[], { first = false } = {}) {
  const command = [
    process.execPath,
    '--import',
    `./infra/node/${args[0]}`,
    '--import',
    tell,
    ...args.slice(1),
  ];
  const [file = '', ...rest] = first ? ['unshare', '--pid', '--fork', '--kill-child', ...command] : command;
  const child = spawn(file, rest, { cwd: root, env, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(() => ({ exitCode: child.exitCode, stderr }));
  const preloaded = () => vi.waitFor(() => expect(stderr).toBe('preloaded\n'), waiting);
  return { child, preloaded, ended };
}

const ended = { exitCode: 0, stderr: 'preloaded\n' };

describe('a process whose store does not respond, at its start', () => {
  it.each([
    ['telemetry.ts', 'workers/gateway.ts'],
    ['telemetry.ts', 'workers/lobby-all-in-one.ts'],
    ['telemetry.ts', 'infra/node/lobby-http.ts'],
    ['telemetry.ts', 'workers/backend-push.ts'],
    ['signals.ts', 'infra/node/migrate.ts', 'lobby'],
  ])('ends on SIGTERM with exit code 0: --import %s %s', async (...args) => {
    sockets.clear();
    const starting = run(args);
    await vi.waitFor(() => expect(sockets.size).toBeGreaterThan(0), waiting);
    starting.child.kill('SIGTERM');
    expect(await starting.ended).toEqual(ended);
  });
});

/** Process 1 of a namespace, whose parent passes no signal on. */
const mayUnshare = spawnSync('unshare', ['--pid', '--fork', 'true']).status === 0;

async function childOf(pid: number | undefined): Promise<number> {
  return Number(await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8'));
}

// The kernel drops a signal that process 1 of a container does not listen to.
describe.runIf(mayUnshare)('the first process of a container', () => {
  it.each([0, 100, 200, 400, 800])(
    'ends with exit code 0 on a SIGTERM that comes %i ms after the first line of JavaScript',
    async (ms) => {
      const starting = run(['telemetry.ts', 'workers/gateway.ts'], { first: true });
      await starting.preloaded();
      await delay(ms);
      process.kill(await childOf(starting.child.pid), 'SIGTERM');
      expect(await starting.ended).toEqual(ended);
    },
  );
});
