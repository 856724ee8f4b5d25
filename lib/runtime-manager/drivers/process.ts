// Engines as processes of this machine, each in a process group of its own, so that they outlive the Runtime Manager.
//
// What belongs to a job lies in `engines/<job id>/`: `process.json` (pid, identity and port), `engine.log`, and `data/`
// for the engine. A process does not become the engine before it has been noted down: it begins as a shell that waits
// for a word. Should this process die before it has said it, the shell ends; so there is no engine that nobody knows.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readdir, readFile, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { engineEnvironment } from '../../engine/api.ts';
import { replaceFile } from '../../node/durable-file.ts';
import { endProcessGroup, isRunning, processIdentity, signalGroup } from '../../node/process-groups.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { EngineJob } from '../domain/engine-job.ts';
import { type Driver, StartFailed, withVersion } from './driver.ts';
import { untilHealthy } from './health.ts';
import { isFree, Ports } from './ports.ts';

const host = '127.0.0.1';
const logBytesKept = 10 * 1024 * 1024;
const wordsOfLog = 1_500;

const placeSchema = z.object({ pid: z.int().positive(), identity: z.string(), port: z.int() });
type Place = z.infer<typeof placeSchema>;

export type ProcessDriverOptions = {
  /** Absolute; this driver's alone. */
  readonly folder: string;
  /** Program and arguments. */
  readonly command: readonly string[];
  /** What engines get of this process's own environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** How long an engine may take to end after SIGTERM. */
  readonly stopTimeoutMs: number;
  readonly log: Logger;
};

export async function openProcessDriver(options: ProcessDriverOptions): Promise<Driver> {
  const ports = new Ports();
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  for (const jobId of await readdir(options.folder)) {
    const place = await readPlace(join(options.folder, jobId));
    if (place !== undefined) ports.keep(place.port);
  }
  return new ProcessDriver(options, ports);
}

class ProcessDriver implements Driver {
  readonly #options: ProcessDriverOptions;
  readonly #ports: Ports;

  constructor(options: ProcessDriverOptions, ports: Ports) {
    this.#options = options;
    this.#ports = ports;
  }

  async start(job: EngineJob, bounds: Parameters<Driver['start']>[1]) {
    const folder = this.#folderOf(job.jobId);
    const before = await readPlace(folder);
    const place =
      before !== undefined && (await isRunning(before))
        ? before
        : await this.#launch(job, folder, before?.port);
    const engineEndpoint = `http://${host}:${place.port}`;
    await untilHealthy(engineEndpoint, bounds, async () => {
      if (!(await isRunning(place))) throw await endedEarly(folder);
    });
    return { containerId: `engine-${job.jobId}`, engineEndpoint };
  }

  async halt(jobId: string): Promise<void> {
    const place = await readPlace(this.#folderOf(jobId));
    if (place !== undefined) await endProcessGroup(place, this.#options.stopTimeoutMs);
  }

  /** The log stays for operators, until it is forgotten. */
  async remove(jobId: string): Promise<void> {
    const folder = this.#folderOf(jobId);
    const place = await readPlace(folder);
    if (place !== undefined) {
      await endProcessGroup(place, this.#options.stopTimeoutMs);
      this.#ports.giveBack(place.port);
    }
    await rm(join(folder, 'process.json'), { force: true });
    await rm(join(folder, 'data'), { recursive: true, force: true });
  }

  async forget(jobId: string): Promise<void> {
    await rm(this.#folderOf(jobId), { recursive: true, force: true });
  }

  async close(): Promise<void> {}

  #folderOf(jobId: string): string {
    return join(this.#options.folder, jobId);
  }

  /** @param kept the port that the engine had before. */
  async #launch(job: EngineJob, folder: string, kept: number | undefined): Promise<Place> {
    if (kept !== undefined && !(await isFree(host, kept))) {
      throw new StartFailed(
        'port_taken',
        `The engine cannot be started again: its port ${kept} is in use by another process.`,
      );
    }
    const dataFolder = join(folder, 'data');
    await mkdir(dataFolder, { recursive: true, mode: 0o700 });
    const port = kept ?? (await this.#ports.takeFree(host));
    try {
      return await this.#launchOn(port, job, { folder, dataFolder });
    } catch (error) {
      if (kept === undefined) this.#ports.giveBack(port);
      throw error;
    }
  }

  async #launchOn(
    port: number,
    job: EngineJob,
    { folder, dataFolder }: { folder: string; dataFolder: string },
  ): Promise<Place> {
    const { command, environment } = this.#options;
    const child = await spawnWaiting(
      command.map((word) => withVersion(word, job)),
      {
        cwd: dataFolder,
        logFile: join(folder, 'engine.log'),
        env: {
          ...environment,
          [engineEnvironment.host]: host,
          [engineEnvironment.port]: String(port),
          [engineEnvironment.version]: job.engineVersion,
          [engineEnvironment.dataFolder]: dataFolder,
        },
      },
    );
    try {
      const { pid } = child;
      const identity = await processIdentity(pid);
      if (identity === undefined) throw await endedEarly(folder);
      this.#watch(child.process, job);
      const place = { pid, identity, port };
      await replaceFile(join(folder, 'process.json'), `${JSON.stringify(place)}\n`);
      child.letRun();
      return place;
    } catch (error) {
      child.callOff();
      throw error;
    }
  }

  /** As long as this process lives; those that are taken over belong to init. */
  #watch(child: ChildProcess, { jobId, gameId }: EngineJob): void {
    child.once('exit', (exitCode, signal) => {
      this.#options.log.info({ job_id: jobId, game_id: gameId, exit_code: exitCode, signal }, 'engine ended');
      // What it has started itself goes with it.
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
    });
  }
}

type WaitingProcess = {
  readonly process: ChildProcess;
  readonly pid: number;
  /** Makes it the command. */
  letRun(): void;
  /** Ends it. */
  callOff(): void;
};

/** Starts a process that becomes the command when it is told to, and ends when it never is. */
async function spawnWaiting(
  command: readonly string[],
  options: { cwd: string; env: Record<string, string>; logFile: string },
): Promise<WaitingProcess> {
  await boundLog(options.logFile);
  const log = await open(options.logFile, 'a', 0o600);
  try {
    const child = spawn('/bin/sh', ['-c', 'read -r go && exec "$@" </dev/null', 'engine', ...command], {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: ['pipe', log.fd, log.fd],
    });
    await once(child, 'spawn');
    const { pid, stdin } = child;
    if (pid === undefined || stdin === null) throw new TypeError('a process that was spawned has a pid');
    // It may have been killed already.
    stdin.on('error', () => undefined);
    child.unref();
    return {
      process: child,
      pid,
      letRun: () => void stdin.end('go\n'),
      callOff: () => void stdin.destroy(),
    };
  } finally {
    await log.close();
  }
}

async function readPlace(folder: string): Promise<Place | undefined> {
  try {
    return placeSchema.parse(JSON.parse(await readFile(join(folder, 'process.json'), 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function endedEarly(folder: string): Promise<StartFailed> {
  const log = join(folder, 'engine.log');
  const words = (await readFile(log, 'utf8')).trimEnd().slice(-wordsOfLog);
  const last = words.split('\n').slice(-5).join('\n');
  const said = last === '' ? 'It wrote nothing' : `Its last words: ${last}`;
  return new StartFailed('engine_ended', `The engine ended before it was healthy. ${said}`);
}

async function boundLog(file: string): Promise<void> {
  try {
    if ((await stat(file)).size > logBytesKept) await truncate(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
