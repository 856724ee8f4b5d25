// Engines as processes of this machine, each in a process group of its own, so that they outlive the Runtime Manager.
//
// The folder `engines/<job id>/` holds `process.json` (pid, identity and port), `engine.log`, and `data/` for the
// engine. A process begins as a shell that waits for a line, and becomes the engine only after `process.json` was
// written. If the Runtime Manager dies before it sends the line, the shell ends; so no engine runs without being
// recorded.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FileHandle, mkdir, open, readdir, readFile, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { engineEnvironment } from '../../engine/api.ts';
import type { EngineCatalogue } from '../../engine/catalogue.ts';
import { commandOf } from '../../engine/catalogue-file.ts';
import { replaceFile } from '../../node/durable-file.ts';
import {
  endProcessGroup,
  isRunning,
  processIdentity,
  residentBytes,
  signalGroup,
} from '../../node/process-groups.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { EngineJob } from '../domain/engine-job.ts';
import { type Driver, engineOf, type LogTail, StartFailed } from './driver.ts';
import { untilHealthy } from './health.ts';
import { becomesFree, Ports } from './ports.ts';

const loopback = '127.0.0.1';
const everyInterface = '0.0.0.0';
const maxLogBytes = 10 * 1024 * 1024;
const lastOutputLength = 1_500;

const recordSchema = z.object({ pid: z.int().positive(), identity: z.string(), port: z.int() });
type ProcessRecord = z.infer<typeof recordSchema>;

export type ProcessDriverOptions = {
  /** Absolute path; for this driver alone. */
  readonly folder: string;
  readonly catalogue: EngineCatalogue;
  /** Of the catalogue; undefined for the built-in one. */
  readonly cataloguePath: string | undefined;
  /** Further variables of every engine. */
  readonly environment: Readonly<Record<string, string>>;
  /** The name of this machine for a Game Master on others. Without it, engines listen on 127.0.0.1 alone. */
  readonly host?: string | undefined;
  /** How long an engine may take to end after SIGTERM. */
  readonly stopTimeoutMs: number;
  readonly log: Logger;
};

export async function openProcessDriver(options: ProcessDriverOptions): Promise<Driver> {
  const ports = new Ports();
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  for (const jobId of await readdir(options.folder)) {
    const record = await readRecord(join(options.folder, jobId));
    if (record !== undefined) ports.reserve(record.port);
  }
  return new ProcessDriver(options, ports);
}

class ProcessDriver implements Driver {
  readonly #options: ProcessDriverOptions;
  readonly #ports: Ports;
  readonly #bindHost: string;

  constructor(options: ProcessDriverOptions, ports: Ports) {
    this.#options = options;
    this.#ports = ports;
    this.#bindHost = options.host === undefined ? loopback : everyInterface;
  }

  async start(job: EngineJob, bounds: Parameters<Driver['start']>[1]) {
    const folder = this.#folderOf(job.jobId);
    const earlier = await readRecord(folder);
    const record =
      earlier !== undefined && (await isRunning(earlier))
        ? earlier
        : await this.#launch(job, folder, earlier?.port);
    await untilHealthy(`http://${loopback}:${record.port}`, bounds, async () => {
      if (!(await isRunning(record))) throw await endedEarly(folder);
    });
    const host = this.#options.host ?? loopback;
    return { containerId: `engine-${job.jobId}`, engineEndpoint: `http://${host}:${record.port}` };
  }

  async hasEnded(jobId: string): Promise<boolean> {
    const record = await readRecord(this.#folderOf(jobId));
    return record === undefined || !(await isRunning(record));
  }

  async halt(jobId: string): Promise<void> {
    const record = await readRecord(this.#folderOf(jobId));
    if (record !== undefined) await endProcessGroup(record, this.#options.stopTimeoutMs);
  }

  /** Leaves the log for operators, until `forget`. */
  async remove(jobId: string): Promise<void> {
    const folder = this.#folderOf(jobId);
    const record = await readRecord(folder);
    if (record !== undefined) {
      await endProcessGroup(record, this.#options.stopTimeoutMs);
      this.#ports.release(record.port);
    }
    await rm(join(folder, 'process.json'), { force: true });
    await rm(join(folder, 'data'), { recursive: true, force: true });
  }

  /** Of the process that was started, without those that it has started. */
  async memoryBytes(jobId: string): Promise<number | undefined> {
    const record = await readRecord(this.#folderOf(jobId));
    return record !== undefined && (await isRunning(record)) ? residentBytes(record.pid) : undefined;
  }

  async logTail(jobId: string, maxBytes: number): Promise<LogTail | undefined> {
    const log = await openIfThere(join(this.#folderOf(jobId), 'engine.log'));
    if (log === undefined) return undefined;
    try {
      const { size } = await log.stat();
      const length = Math.min(size, maxBytes);
      const { buffer, bytesRead } = await log.read(Buffer.alloc(length), 0, length, size - length);
      return { text: buffer.toString('utf8', 0, bytesRead), cut: size > length };
    } finally {
      await log.close();
    }
  }

  async forget(jobId: string): Promise<void> {
    await rm(this.#folderOf(jobId), { recursive: true, force: true });
  }

  async close(): Promise<void> {}

  #folderOf(jobId: string): string {
    return join(this.#options.folder, jobId);
  }

  /** @param earlierPort the port that the engine had before. */
  async #launch(job: EngineJob, folder: string, earlierPort: number | undefined): Promise<ProcessRecord> {
    const dataFolder = join(folder, 'data');
    await mkdir(dataFolder, { recursive: true, mode: 0o700 });
    const kept = earlierPort !== undefined && (await becomesFree(this.#bindHost, earlierPort));
    const port = kept ? earlierPort : await this.#ports.reserveFree(this.#bindHost);
    try {
      const record = await this.#launchOn(port, job, { folder, dataFolder });
      if (earlierPort !== undefined && !kept) this.#ports.release(earlierPort);
      return record;
    } catch (error) {
      if (!kept) this.#ports.release(port);
      throw error;
    }
  }

  async #launchOn(
    port: number,
    job: EngineJob,
    { folder, dataFolder }: { folder: string; dataFolder: string },
  ): Promise<ProcessRecord> {
    const { catalogue, cataloguePath, environment } = this.#options;
    const { command } = engineOf(catalogue, job);
    if (command === undefined) throw new TypeError('the catalogue was checked for commands at start');
    const child = await spawnWaiting(commandOf(command, cataloguePath), {
      cwd: dataFolder,
      logFile: join(folder, 'engine.log'),
      env: {
        ...environment,
        [engineEnvironment.host]: this.#bindHost,
        [engineEnvironment.port]: String(port),
        [engineEnvironment.version]: job.engineVersion,
        [engineEnvironment.dataFolder]: dataFolder,
      },
    });
    try {
      const { pid } = child;
      const identity = await processIdentity(pid);
      if (identity === undefined) throw await endedEarly(folder);
      this.#watch(child.process, job);
      const record = { pid, identity, port };
      await replaceFile(join(folder, 'process.json'), `${JSON.stringify(record)}\n`);
      child.run();
      return record;
    } catch (error) {
      child.cancel();
      throw error;
    }
  }

  /** Logs the end of an engine. Not of one that was taken over: it is not a child of this process. */
  #watch(child: ChildProcess, { jobId, gameId }: EngineJob): void {
    child.once('exit', (exitCode, signal) => {
      this.#options.log.info({ job_id: jobId, game_id: gameId, exit_code: exitCode, signal }, 'engine ended');
      // Ends the processes that it has started itself, too.
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
    });
  }
}

type WaitingProcess = {
  readonly process: ChildProcess;
  readonly pid: number;
  /** Makes it the command. */
  run(): void;
  /** Ends it. */
  cancel(): void;
};

/**
 * An engine leaves no image of its memory behind, with the orders in it, and is the first to end when the machine is out
 * of memory. A bound on its memory is not among what a shell can set: Node reserves far more than it uses.
 */
const confined =
  'read -r go && ulimit -c 0 && { echo 500 >/proc/self/oom_score_adj; } 2>/dev/null; ' +
  '[ -n "$go" ] && exec "$@" </dev/null';

/** Starts a process that becomes the command on `run`, and ends without it when this process dies. */
async function spawnWaiting(
  command: readonly string[],
  options: { cwd: string; env: Record<string, string>; logFile: string },
): Promise<WaitingProcess> {
  await boundLog(options.logFile);
  const log = await open(options.logFile, 'a', 0o600);
  try {
    const child = spawn('/bin/sh', ['-c', confined, 'engine', ...command], {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: ['pipe', log.fd, log.fd],
    });
    await once(child, 'spawn');
    const { pid, stdin } = child;
    if (pid === undefined || stdin === null)
      throw new TypeError('a spawned process must have a pid and a stdin');
    // It may have been killed already.
    stdin.on('error', () => undefined);
    child.unref();
    return {
      process: child,
      pid,
      run: () => void stdin.end('go\n'),
      cancel: () => void stdin.destroy(),
    };
  } finally {
    await log.close();
  }
}

async function readRecord(folder: string): Promise<ProcessRecord | undefined> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(join(folder, 'process.json'), 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function openIfThere(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function endedEarly(folder: string): Promise<StartFailed> {
  const log = join(folder, 'engine.log');
  const output = (await readFile(log, 'utf8')).trimEnd().slice(-lastOutputLength);
  const last = output.split('\n').slice(-5).join('\n');
  const report = last === '' ? 'It wrote nothing' : `Its last output: ${last}`;
  return new StartFailed('engine_ended', `The engine ended before it was healthy. ${report}`);
}

async function boundLog(file: string): Promise<void> {
  try {
    if ((await stat(file)).size > maxLogBytes) await truncate(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
