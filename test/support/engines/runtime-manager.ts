// The real Runtime Manager as a process of its own, on the streams and in the folder of one test, and the lobby's side
// of the streams.
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { expect, vi } from 'vitest';
import type { GameSetup } from '../../../lib/engine/api.ts';
import {
  type JobResult,
  jobResultEntry,
  type StartJob,
  type StopJob,
  startJobEntry,
  stopJobEntry,
} from '../../../lib/protocol/runtime-jobs.ts';
import { fieldsOf } from '../../../lib/protocol/stream-fields.ts';
import type { Redis } from '../../../lib/redis/client.ts';
import { readEntry } from '../../../lib/streams/entry.ts';
import { type RunningProcess, runEntry } from '../run/run-process.ts';
import type { TestRedis } from '../stores/redis.ts';

const [startJobs, stopJobs, jobResults] = ['runtime:start_jobs', 'runtime:stop_jobs', 'runtime:job_results'];

/** @param variables in addition to those that it needs. */
export function runRuntimeManager(
  redis: TestRedis,
  dataFolder: string,
  variables: Record<string, string> = {},
): RunningProcess {
  return runEntry('workers/runtime-manager.ts', {
    RM_REDIS_ADDR: redis.addr,
    RM_REDIS_PASSWORD: redis.password,
    RM_REDIS_DB: String(redis.db),
    RM_REDIS_OPERATION_TIMEOUT: '10s',
    RM_DATA_FOLDER: dataFolder,
    RM_STOP_TIMEOUT: '2s',
    ...variables,
  });
}

export function newStartJob(more: Partial<StartJob> = {}): StartJob {
  return {
    job_id: randomUUID(),
    game_id: randomUUID(),
    engine_family: 'four-in-a-row',
    engine_version: '1.0.0',
    turn_schedule: '0 18 * * *',
    time_zone: 'UTC',
    players: [{ user_id: randomUUID(), race_name: 'Zerg' }],
    requested_at_ms: Date.now(),
    expires_at_ms: Date.now() + 300_000,
    ...more,
  };
}

/** What the Game Master would send to its engine. */
export function setupOf({ game_id }: Pick<StartJob, 'game_id'>): GameSetup {
  const seats = [1, 2].map((seat) => ({ seat, label: `Seat ${seat}`, bot: false }));
  return { game_id, seed: 'ab'.repeat(32), seats, options: {} };
}

export function stopOf(start: Pick<StartJob, 'job_id' | 'game_id'>): StopJob {
  return {
    job_id: randomUUID(),
    start_job_id: start.job_id,
    game_id: start.game_id,
    reason: 'cancelled',
    requested_at_ms: Date.now(),
  };
}

/** Publishes jobs and reads results, as the lobby does. */
export class JobStreams {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async ask(job: StartJob | StopJob, traceparent = ''): Promise<void> {
    const [stream, fields] =
      'start_job_id' in job
        ? [stopJobs, fieldsOf(stopJobEntry, job)]
        : [startJobs, fieldsOf(startJobEntry, job)];
    await this.#redis.xadd(stream, '*', ...fields, 'traceparent', traceparent);
  }

  /** Adds an entry with exactly these fields. */
  async write(kind: 'start' | 'stop', fields: Record<string, string>): Promise<void> {
    await this.#redis.xadd(kind === 'start' ? startJobs : stopJobs, '*', ...Object.entries(fields).flat());
  }

  /** All published results of this job, the oldest first. */
  async resultsOf(jobId: string): Promise<(JobResult & { traceparent: string })[]> {
    const entries = (await this.#redis.xrange(jobResults, '-', '+')).map(readEntry);
    return entries
      .filter(({ fields }) => fields.job_id === jobId)
      .map(({ fields, traceparent }) => ({ ...jobResultEntry.parse(fields), traceparent }));
  }

  /** The first result of this job. */
  async resultOf(jobId: string): Promise<JobResult> {
    const { traceparent: _, ...first } = await vi.waitFor(
      async () => {
        const [found] = await this.resultsOf(jobId);
        if (found === undefined) throw new Error(`job ${jobId} has no result yet`);
        return found;
      },
      { timeout: 40_000, interval: 20 },
    );
    return first;
  }

  /** Publishes the job, and waits until it is done. */
  async done(job: StartJob | StopJob): Promise<JobResult> {
    await this.ask(job);
    return this.resultOf(job.job_id);
  }
}

export type EngineProcess = {
  readonly pid: number;
  readonly dataFolder: string;
  /** Not an engine yet: it waits until the Runtime Manager lets it start, and otherwise ends. */
  readonly waiting: boolean;
};

/** Every process that was started as an engine below this folder, with its descendants. */
export async function enginesIn(dataFolder: string): Promise<EngineProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const [environment, command] = await Promise.all([
        readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''),
        readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
      ]);
      const folder = /GALAXY_ENGINE_DATA_FOLDER=([^\0]*)/.exec(environment)?.[1];
      const waiting = command.includes('read -r go');
      return folder?.startsWith(`${dataFolder}/`) ? [{ pid: Number(pid), dataFolder: folder, waiting }] : [];
    }),
  );
  return found.flat();
}

/** Waits until `count` engines run, healthy or not. @returns all of their processes. */
export async function untilEngines(dataFolder: string, count: number): Promise<EngineProcess[]> {
  return vi.waitFor(
    async () => {
      const engines = await enginesIn(dataFolder);
      const folders = new Set(engines.map((engine) => engine.dataFolder));
      expect([folders.size, engines.filter(({ waiting }) => waiting)]).toEqual([count, []]);
      return engines;
    },
    { timeout: 30_000 },
  );
}

export async function expectNoEngines(dataFolder: string): Promise<void> {
  await vi.waitFor(async () => expect(await enginesIn(dataFolder)).toEqual([]), { timeout: 30_000 });
}

/** Ends the engines that a test has left. */
export async function killEngines(dataFolder: string): Promise<void> {
  for (const { pid } of await enginesIn(dataFolder)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has already ended.
    }
  }
}

/** @returns status and JSON of the engine's response about its game. */
export async function askGame(
  endpoint: string | undefined,
  method: 'GET' | 'PUT' = 'GET',
  body?: unknown,
): Promise<[status: number, body: unknown]> {
  const response = await fetch(`${endpoint}/api/v1/game`, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  return [response.status, await response.json()];
}
