// A service that runs on some runtime, in processes of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

export const root = join(import.meta.dirname, '..', '..', '..');

export type Service = 'lobby' | 'backend';
export type ListenerName = 'public' | 'internal' | 'service' | 'admin';

/** The port of each listener of both services. */
export type Ports = Readonly<Record<ListenerName, number>>;

export const listenersOf = {
  lobby: ['public', 'internal'],
  backend: ['service', 'admin'],
} as const satisfies Record<Service, readonly ListenerName[]>;

export type Command = {
  readonly file: string;
  readonly args: readonly string[];
  /** The whole environment except PATH. */
  readonly env: Readonly<Record<string, string>>;
};

export type Runtime = {
  readonly name: string;
  /** The processes that serve a service, the one with its first listener first. */
  commands(
    service: Service,
    environment: Readonly<Record<string, string>>,
    ports: Ports,
  ): readonly [Command, ...Command[]];
};

export type Running = {
  /** What was written so far. */
  lines(): readonly string[];
  /** Ends it as its operator would. @throws Error when it does not end cleanly. */
  stop(): Promise<void>;
};

/** Starts a service, and waits until both of its listeners respond. */
export async function startOn(
  runtime: Runtime,
  service: Service,
  environment: Readonly<Record<string, string>>,
  ports: Ports,
): Promise<Running> {
  const running = runtime.commands(service, environment, ports).map(run);
  const stop = () => Promise.all(running.map((each) => each.stop()));
  try {
    for (const listener of listenersOf[service]) await respondsAt(urlOf(ports[listener]), running);
  } catch (error) {
    await Promise.allSettled(running.map((each) => each.stop()));
    throw error;
  }
  return {
    lines: () => running.flatMap((each) => each.lines()),
    stop: async () => void (await stop()),
  };
}

type RunningProcess = Running & {
  /** Resolves with its output once it has ended. */
  ended(): string | undefined;
};

export function run({ file, args, env }: Command): RunningProcess {
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
    lines: () => lines,
    ended: () => (how() === null ? undefined : said()),
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

async function respondsAt(url: string, running: readonly RunningProcess[]): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await isHealthy(url))) {
    const ended = running.map((each) => each.ended()).find((said) => said !== undefined);
    if (ended !== undefined) throw new Error(`ended before ${url} responded: ${ended}`);
    if (Date.now() > deadline) {
      const said = running.flatMap((each) => each.lines()).join('\n');
      throw new Error(`${url} does not respond:\n${said}`);
    }
    await delay(10);
  }
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/healthz`);
    await response.arrayBuffer();
    return response.ok;
  } catch {
    // It does not listen yet.
    return false;
  }
}

export const urlOf = (port: number) => `http://127.0.0.1:${port}`;
