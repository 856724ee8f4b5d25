// `npm start` as a benchmark runs it: on both cores, on free ports, with its data in a folder of the run.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '../../infra/local/child.ts';
import { localVariables } from '../../infra/local/config.ts';
import type { Bench } from './entry.ts';
import { nodeOn } from './system.ts';

const root = join(import.meta.dirname, '..', '..');

export type Start = { readonly pid: number; readonly readyAfterMs: number; stop(): Promise<void> };

/** Packages are in place; databases are there from the second start in a folder on. */
export class NpmStart {
  readonly dataFolder: string;
  readonly #bench: Bench;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(bench: Bench, dataFolder: string, env: Readonly<Record<string, string>>) {
    this.#bench = bench;
    this.dataFolder = dataFolder;
    this.#env = env;
  }

  static async prepare(bench: Bench): Promise<NpmStart> {
    const dataFolder = await mkdtemp(join(bench.folder, 'start-'));
    const env: Record<string, string> = {
      PATH: process.env.PATH ?? '',
      GALAXY_DATA_FOLDER: dataFolder,
      GALAXY_POSTGRES_PORT: '0',
      GALAXY_REDIS_PORT: '0',
    };
    for (const { name } of Object.values(localVariables.listeners)) {
      env[name] = `127.0.0.1:${await freePort()}`;
    }
    return new NpmStart(bench, dataFolder, env);
  }

  /** Resolves once every part is ready. */
  async start(running: AsyncDisposableStack): Promise<Start> {
    const startedAt = performance.now();
    const { cores } = this.#bench;
    const both = cores === undefined ? undefined : `${cores.measured},${cores.load}`;
    const [file, args] = nodeOn(both, ['infra/run.mjs', 'infra/local/start.ts']);
    const child = spawn(file, args, { cwd: root, env: this.#env, stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'close');
    const stop = () => end(child, ended);
    running.defer(stop);
    await untilReady(child.stdout);
    const readyAfterMs = performance.now() - startedAt;
    child.stdout.resume();
    return { pid: child.pid ?? 0, readyAfterMs, stop };
  }
}

async function untilReady(output: NodeJS.ReadableStream): Promise<void> {
  for await (const line of createInterface({ input: output })) {
    if (line.startsWith('Galaxy is ready')) return;
  }
  throw new Error('npm start ended before it was ready');
}

async function end(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
  await ended;
}
