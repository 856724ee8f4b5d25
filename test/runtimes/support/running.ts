// A service that runs on some runtime, in processes of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

export const root = join(import.meta.dirname, '..', '..', '..');

export type Service = 'lobby' | 'backend';
export type ListenerName = 'public' | 'internal' | 'service' | 'admin';

/** Where each listener of both services is reached. */
export type Ports = Readonly<Record<ListenerName, number>>;

export const listenersOf = {
  lobby: ['public', 'internal'],
  backend: ['service', 'admin'],
} as const satisfies Record<Service, readonly ListenerName[]>;

export type Running = {
  /** What it has written so far. */
  readonly lines: readonly string[];
  /** Ends it as whoever runs it would. @throws Error when it does not end well. */
  stop(): Promise<void>;
};

export type Runtime = {
  readonly name: string;
  /** Starts a service, and waits until both of its listeners answer. @param environment of the service. */
  start(service: Service, environment: Record<string, string>, ports: Ports): Promise<Running>;
};

/** @param env the whole environment beside PATH. */
export function runProgram(file: string, args: readonly string[], env: Record<string, string>) {
  const child = spawn(file, args, {
    cwd: root,
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  }
  const closed = once(child, 'close');
  const how = () => child.exitCode ?? child.signalCode;
  const said = () => `${file} ${args.join(' ')} (${how()}):\n${lines.join('\n')}`;
  return {
    lines,
    /** Waits until something answers at all these addresses. @throws Error with what the program wrote. */
    async answersAt(urls: readonly string[]) {
      const deadline = Date.now() + 60_000;
      for (const url of urls) {
        while (!(await isHealthy(url))) {
          if (how() !== null) throw new Error(`ended before it answered at ${url}: ${said()}`);
          if (Date.now() > deadline) {
            child.kill('SIGKILL');
            throw new Error(`does not answer at ${url}: ${said()}`);
          }
          await delay(5);
        }
      }
    },
    async stop() {
      if (how() !== null) throw new Error(`ended by itself: ${said()}`);
      child.kill('SIGTERM');
      const cut = setTimeout(() => child.kill('SIGKILL'), 20_000);
      await closed;
      clearTimeout(cut);
      if (how() !== 0) throw new Error(`did not end well: ${said()}`);
    },
  };
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/healthz`);
    await response.arrayBuffer();
    return response.ok;
  } catch {
    // Nobody listens yet.
    return false;
  }
}

export const urlOf = (port: number) => `http://127.0.0.1:${port}`;
