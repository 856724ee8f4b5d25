// Processes of a benchmark: its own peers (load, floors, upstreams; files in test/bench/peers), which respond to calls over
// the IPC channel, and the project's real processes. All end with the process that started them.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { accepts, compileCache } from '../../infra/local/service.ts';
import type { ListenAddress } from '../../lib/config/types.ts';
import { nodeOn } from './system.ts';

const root = join(import.meta.dirname, '..', '..');
const startTimeoutMs = 120_000;
const stopTimeoutMs = 10_000;

/** Calls by name, of whatever parameters: the types of both ends are the same, so nothing checks them in between. */
type Calls = Record<string, (...args: never[]) => unknown>;

export type Peer<C extends Calls> = {
  readonly pid: number;
  /** Runs one of the peer's calls in its process. @throws Error with the message of what it threw. */
  call<Name extends keyof C & string>(
    name: Name,
    ...args: Parameters<C[Name]>
  ): Promise<Awaited<ReturnType<C[Name]>>>;
};

type Request = { id: number; name: string; args: unknown[] };
type Response = { id: number; result?: unknown; error?: string };

/** Starts `test/bench/peers/<name>.ts` on a core. */
export async function startPeer<C extends Calls>(
  name: string,
  core: number | undefined,
  running: AsyncDisposableStack,
): Promise<Peer<C>> {
  const [file, args] = nodeOn(core, [
    '--import',
    './infra/node/quick-imports.ts',
    join(import.meta.dirname, 'peers', `${name}.ts`),
  ]);
  const child = spawn(file, args, {
    cwd: root,
    env: { ...process.env, ...compileCache },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  running.defer(() => end(child));
  const waiting = new Map<number, (response: Response) => void>();
  const died = once(child, 'exit').then(([code, signal]): never => {
    throw new Error(`the peer ${name} ended by itself (${code ?? signal})`);
  });
  died.catch(() => undefined);
  child.on('message', (response: Response) => {
    waiting.get(response.id)?.(response);
    waiting.delete(response.id);
  });
  let last = 0;
  const call = async (callName: string, ...callArgs: unknown[]) => {
    last += 1;
    const request: Request = { id: last, name: callName, args: callArgs };
    const responded = new Promise<Response>((resolve) => waiting.set(request.id, resolve));
    child.send(request);
    const { error, result } = await Promise.race([responded, died]);
    if (error !== undefined) throw new Error(`${name}.${callName}: ${error}`);
    return result;
  };
  await call('ready');
  return { pid: child.pid ?? 0, call: call as Peer<C>['call'] };
}

/** The other end, in the peer's process: responds to calls until the parent has ended. */
export function serveCalls(calls: Calls): void {
  process.on('message', async ({ id, name, args }: Request) => {
    const response: Response = { id };
    try {
      if (name !== 'ready') response.result = await calls[name]?.(...(args as never[]));
    } catch (error) {
      response.error = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
    process.send?.(response);
  });
  process.on('disconnect', () => process.exit());
}

/** Starts one of the project's processes as `npm start` does, on a core, its log in a file. @returns its pid. */
export async function startProcess(
  options: {
    entry: string;
    env: Record<string, string>;
    core: number | undefined;
    logFile: string;
    listeners: ListenAddress[];
    /** Further arguments for Node, to profile. */
    nodeArgs?: string[];
  },
  running: AsyncDisposableStack,
): Promise<number> {
  const [file, args] = nodeOn(options.core, [
    ...(options.nodeArgs ?? []),
    '--import',
    './infra/node/telemetry.ts',
    options.entry,
  ]);
  const log = openSync(options.logFile, 'a', 0o600);
  const child = spawn(file, args, {
    cwd: root,
    env: { PATH: process.env.PATH ?? '', ...compileCache, ...options.env },
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  running.defer(() => end(child));
  const deadline = Date.now() + startTimeoutMs;
  for (const listener of options.listeners) {
    while (!(await accepts(listener))) {
      if (child.exitCode !== null || Date.now() > deadline) {
        throw new Error(`${options.entry} did not start:\n${readFileSync(options.logFile, 'utf8')}`);
      }
      await delay(20);
    }
  }
  return child.pid ?? 0;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const cut = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
  await ended;
  clearTimeout(cut);
}
