// One of the platform's own processes as a child of the launcher: its own process group, so that a Ctrl-C reaches
// the launcher only, which stops everything in order; its log in a file; an IPC channel, so that it ends by itself
// should the launcher be killed.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { everyInterface, type ListenAddress } from '../../lib/config/types.ts';
import { aborted } from '../../lib/node/process.ts';

const root = join(import.meta.dirname, '..', '..');
/** Spares each start of a process a third of its CPU time, once a process has ended well and left its cache. */
export const compileCache = { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'node') };
const readyTimeoutMs = 60_000;
const stopTimeoutMs = 20_000;

export type ServiceOptions = {
  name: string;
  /** Path from the project's root. */
  entry: string;
  env: NodeJS.ProcessEnv;
  logFile: string;
  /** Holds the id of the process while it runs. */
  pidFile: string;
  /** Ready once all of these accept connections; the ones with `readyz` must respond with 200 there. */
  listeners: { address: ListenAddress; readyz: boolean }[];
  /** Every line that the process writes. */
  onLine: (service: string, line: string) => void;
};

export type Service = {
  readonly name: string;
  readonly pid: number;
  /** Resolves with a sentence when the process ends without having been asked to. */
  readonly lost: Promise<string>;
  stop(): Promise<void>;
};

/**
 * Starts the process and waits until it is ready.
 * @param stop ends it when it aborts before that.
 * @throws Error when it ends before that.
 */
export async function startService(options: ServiceOptions, stop?: AbortSignal): Promise<Service> {
  const child = spawn(process.execPath, ['--import', './infra/node/telemetry.ts', options.entry], {
    cwd: root,
    env: { ...compileCache, ...options.env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const logFile = createWriteStream(options.logFile, { flags: 'a', mode: 0o600 });
  const lastErrors: string[] = [];
  let ready = false;
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) throw new TypeError('the child’s output is piped');
    createInterface({ input: stream }).on('line', (line) => {
      logFile.write(`${line}\n`);
      // The error reports why a process does not start; later lines are passed on.
      if (stream === child.stderr && !ready) lastErrors.push(line);
      else options.onLine(options.name, line);
    });
  }
  let stopping = false;
  const ended = once(child, 'close').then(() => {
    logFile.end();
    return `${options.name} ended (exit code ${child.exitCode ?? child.signalCode})`;
  });
  const lost = new Promise<string>((resolve) => {
    void ended.then((how) => {
      if (!stopping) resolve(how);
    });
  });
  const end = async () => {
    stopping = true;
    await endChild(child, ended);
  };
  const failed = ended.then((how) => {
    throw new Error([`${how} before it was ready.`, ...lastErrors].join('\n'));
  });
  try {
    const ready = Promise.all(options.listeners.map(untilReady));
    await Promise.race([ready, failed, ...(stop === undefined ? [] : [refusedBy(stop)])]);
    await writeFile(options.pidFile, `${child.pid}\n`);
  } catch (error) {
    await end();
    throw error;
  }
  ready = true;
  failed.catch(() => undefined);
  return { name: options.name, pid: child.pid ?? 0, lost, stop: end };
}

/** Rejects when `stop` aborts. */
function refusedBy(stop: AbortSignal): Promise<never> {
  const refused = aborted(stop).then((): never => {
    throw new Error('it was stopped before it was ready');
  });
  refused.catch(() => undefined);
  return refused;
}

async function endChild(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const cut = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
  await ended;
  clearTimeout(cut);
}

async function untilReady({ address, readyz }: ServiceOptions['listeners'][number]): Promise<void> {
  const deadline = Date.now() + readyTimeoutMs;
  while (!(readyz ? await respondsReady(address) : await accepts(address))) {
    if (Date.now() > deadline) {
      throw new Error(`${address.host}:${address.port} was not ready within ${readyTimeoutMs / 1000} s.`);
    }
    await delay(40);
  }
}

async function respondsReady(address: ListenAddress): Promise<boolean> {
  try {
    const response = await fetch(`http://${reachable(address)}/readyz`, {
      signal: AbortSignal.timeout(1_000),
    });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/** Whether something listens there. */
export function accepts({ host, port }: ListenAddress): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: isEveryInterface(host) ? '127.0.0.1' : host, port, timeout: 1_000 });
    const finish = (listening: boolean) => {
      socket.destroy();
      resolve(listening);
    };
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
    socket.once('timeout', () => finish(false));
  });
}

/** How a client on this machine reaches a listener. */
export function reachable({ host, port }: ListenAddress): string {
  if (isEveryInterface(host)) return `127.0.0.1:${port}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function isEveryInterface(host: string): boolean {
  return host === everyInterface || host === '0.0.0.0';
}
