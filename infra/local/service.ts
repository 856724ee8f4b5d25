// One of the platform's own processes as a child of the launcher, with one service or several: its own process group, so that a Ctrl-C reaches
// the launcher only, which stops everything in order; its log in a file; an IPC channel, so that it ends by itself
// should the launcher be killed.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
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
/** For each service, since those of a process stop one after the other. */
const stopTimeoutMs = 20_000;

export type ServiceOptions = {
  name: string;
  /** The services that run in the process; unless given, it is one, of the process's name. */
  services?: readonly string[];
  /** Path from the project's root. */
  entry: string;
  /** Of Node, for its process. */
  nodeArgs?: readonly string[];
  env: NodeJS.ProcessEnv;
  /**
   * Gets `<service>.log` and `<service>.pid`, which holds the id of its process, of each service. Lines that are of none,
   * such as those of a crash, go to `<name>.log`.
   */
  logFolder: string;
  /** Ready once all of these accept connections; the ones with `readyz` must respond with 200 there. */
  listeners: { address: ListenAddress; readyz: boolean }[];
  /** Every line that the process writes, with the service that has written it. */
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
  const child = spawn(
    process.execPath,
    [...(options.nodeArgs ?? []), '--import', './infra/node/telemetry.ts', options.entry],
    {
      cwd: root,
      env: { ...compileCache, ...options.env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  );
  const services = options.services ?? [options.name];
  const logFiles = openLogFiles(options.logFolder, new Set([options.name, ...services]));
  const lastErrors: string[] = [];
  let ready = false;
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) throw new TypeError('the child’s output is piped');
    createInterface({ input: stream }).on('line', (line) => {
      const service = writerOf(line, services) ?? options.name;
      logFiles.get(service)?.write(`${line}\n`);
      // The error reports why a process does not start; later lines are passed on.
      if (stream === child.stderr && !ready) lastErrors.push(line);
      else options.onLine(service, line);
    });
  }
  let stopping = false;
  const ended = once(child, 'close').then(() => {
    for (const file of logFiles.values()) file.end();
    return `${options.name} ended (exit code ${child.exitCode ?? child.signalCode})`;
  });
  const lost = new Promise<string>((resolve) => {
    void ended.then((how) => {
      if (!stopping) resolve(how);
    });
  });
  const end = async () => {
    stopping = true;
    await endChild(child, ended, stopTimeoutMs * services.length);
  };
  const failed = ended.then((how) => {
    throw new Error([`${how} before it was ready.`, ...lastErrors].join('\n'));
  });
  try {
    await Promise.race([
      untilAllReady(options.listeners),
      failed,
      ...(stop === undefined ? [] : [refusedBy(stop)]),
    ]);
    await Promise.all(
      services.map((service) => writeFile(join(options.logFolder, `${service}.pid`), `${child.pid}\n`)),
    );
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

function openLogFiles(folder: string, names: ReadonlySet<string>): ReadonlyMap<string, WriteStream> {
  return new Map(
    [...names].map((name) => {
      const file = join(folder, `${name}.log`);
      return [name, createWriteStream(file, { flags: 'a', mode: 0o600 })];
    }),
  );
}

/** The service that has written a line; undefined for a line that is not of a logger. */
function writerOf(line: string, services: readonly string[]): string | undefined {
  const service = /^\{"level":"[a-z]+","time":"[^"]+","service":"([^"]+)"/.exec(line)?.[1];
  return services.find((name) => name === service);
}

async function endChild(child: ChildProcess, ended: Promise<unknown>, timeoutMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const cut = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  await ended;
  clearTimeout(cut);
}

/** One after the other, since asking takes CPU time that the process itself needs to start. */
async function untilAllReady(listeners: ServiceOptions['listeners']): Promise<void> {
  for (const listener of listeners) await untilReady(listener);
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
