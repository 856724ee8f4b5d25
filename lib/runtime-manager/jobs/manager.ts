// Handles start and stop jobs.
//
// Guarantees: a start job has at most one engine, however often the job comes and wherever this process dies: the
// journal records what was begun, and drivers take over engines that they find. A job has one result, which it gets
// again when it comes again. After the successful result of a stop job, no engine of the start job that it names is
// running or will ever run, even if the start job has not come yet. Jobs on one start job are handled one after the
// other; a stop aborts a start that is under way.
//
// An engine that ends by itself is started again, after pauses that double from one second to a minute, and starts again
// at one second once it has run for a minute. When its endpoint is another one then, the result of its start job is
// published again, with that endpoint.
//
// A stop job may be lost, with Redis or a database. So the result of every engine that runs is published again from time
// to time, and the lobby responds to those of games that are over with another stop job.

import { backoffMs } from '../../node/tick-loop.ts';
import type { EngineState } from '../../protocol/engine-requests.ts';
import type { JobResult, StartJob, StopJob } from '../../protocol/runtime-jobs.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { EngineJob } from '../domain/engine-job.ts';
import { shownLog } from '../domain/shown-log.ts';
import { capacityFailure, decideStart, type Failure, stoppedFailure } from '../domain/start-decision.ts';
import {
  type Driver,
  DriverUnavailable,
  type LogTail,
  type Runtime,
  StartFailed,
} from '../drivers/driver.ts';
import { engineRestarts, finishedJobs } from '../instruments.ts';
import type { Journal } from './journal.ts';

/** The stream entry allows no more. */
const maxMessageLength = 2_048;
const revivedConcurrently = 4;
/** More, since an engine that does not become healthy keeps a place for the whole time-out. */
const restartedConcurrently = 16;
const longestPauseMs = 60_000;
/** An engine that has run for so long has recovered. */
const recoveredAfterMs = 60_000;

const neverAborts = new AbortController().signal;

type Restarts = { failures: number; dueAtMs: number };

export class RuntimeManager {
  readonly #driver: Driver;
  readonly #journal: Journal;
  readonly #startTimeoutMs: number;
  readonly #maxEngines: number;
  readonly #engineVariables: Readonly<Record<string, string>>;
  readonly #now: () => Date;
  readonly #publish: (result: JobResult) => Promise<void>;
  readonly #log: Logger;
  /** Engines that ended not long ago: how often in a row, and when the next start is due. */
  readonly #restarts = new Map<string, Restarts>();
  /** For each start job that has work under way: the end of the last piece of it. */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #starting = new Map<string, AbortController>();

  constructor(parts: {
    driver: Driver;
    journal: Journal;
    startTimeoutMs: number;
    maxEngines: number;
    /** What operators give to all engines; their logs are shown without it. */
    engineVariables: Readonly<Record<string, string>>;
    now: () => Date;
    /** Publishes the result of a start job again. */
    publish: (result: JobResult) => Promise<void>;
    log: Logger;
  }) {
    this.#driver = parts.driver;
    this.#journal = parts.journal;
    this.#startTimeoutMs = parts.startTimeoutMs;
    this.#maxEngines = parts.maxEngines;
    this.#engineVariables = parts.engineVariables;
    this.#now = parts.now;
    this.#publish = parts.publish;
    this.#log = parts.log;
  }

  /**
   * @param stop aborts when this process must end: the start is then left as it is and continues when the job comes
   *   again.
   * @throws DriverUnavailable when the job should be tried again later; the reason of `stop`.
   */
  start(job: StartJob, stop: AbortSignal): Promise<JobResult> {
    return this.#inTurn(job.job_id, async () => {
      const decision = decideStart(job, this.#journal.findStart(job.job_id), this.#now());
      switch (decision.kind) {
        case 'repeat':
          return decision.result;
        case 'refuse':
          return this.#failStart(job, decision.failure);
        case 'start': {
          const others = this.#journal.engines('begun').filter(({ jobId }) => jobId !== job.job_id);
          const failure = capacityFailure(others.length, this.#maxEngines);
          return failure === undefined ? this.#startEngine(job, stop) : this.#failStart(job, failure);
        }
        default:
          return decision satisfies never;
      }
    });
  }

  /** @throws DriverUnavailable when the job should be tried again later. */
  async stop(job: StopJob): Promise<JobResult> {
    const known = this.#journal.findStop(job.job_id);
    if (known !== undefined) return known;
    this.#journal.markStopped(job.start_job_id, job.game_id);
    this.#starting.get(job.start_job_id)?.abort();
    return this.#inTurn(job.start_job_id, async () => {
      const failure = await this.#removeEngine(job.start_job_id);
      const result = this.#result(job, 'stop', failure === undefined ? {} : { failure });
      this.#journal.finishStop(result);
      this.#report(result, { start_job_id: job.start_job_id, reason: job.reason });
      return result;
    });
  }

  /** Gives a job of which only the ids can be read a failure as its result. */
  refuse(job: { job_id: string; game_id: string }, kind: JobResult['kind'], failure: Failure): JobResult {
    const known =
      kind === 'start' ? this.#journal.findStart(job.job_id)?.result : this.#journal.findStop(job.job_id);
    if (known !== undefined) return known;
    const result = this.#result(job, kind, { failure });
    if (kind === 'start') this.#journal.finishStart(result);
    else this.#journal.finishStop(result);
    this.#report(result, {});
    return result;
  }

  /** Starts every engine that should run and does not: after a restart of the machine, or of a local stack. */
  async revive(stop: AbortSignal): Promise<void> {
    await sideBySide(revivedConcurrently, this.#journal.engines('started'), stop, (job) =>
      this.#startAgain(job, stop),
    );
  }

  /** Starts engines again that have ended by themselves and are due. One tick of the supervision. */
  async restartEnded(stop: AbortSignal): Promise<void> {
    const engines = this.#journal.engines('started');
    const known = new Set(engines.map(({ jobId }) => jobId));
    for (const jobId of this.#restarts.keys()) if (!known.has(jobId)) this.#restarts.delete(jobId);
    await sideBySide(restartedConcurrently, engines, stop, async (job) => {
      const nowMs = performance.now();
      const restarts = this.#restarts.get(job.jobId);
      if (restarts !== undefined && nowMs < restarts.dueAtMs) return;
      if (!(await this.#driver.hasEnded(job.jobId))) {
        if (restarts !== undefined && nowMs > restarts.dueAtMs + recoveredAfterMs) {
          this.#restarts.delete(job.jobId);
        }
        return;
      }
      const failures = (restarts?.failures ?? 0) + 1;
      this.#restarts.set(job.jobId, { failures, dueAtMs: nowMs + backoffMs(failures, longestPauseMs) });
      this.#log.warn(
        { job_id: job.jobId, game_id: job.gameId, ended_times: failures },
        'an engine has ended by itself; it is started again',
      );
      await this.#startAgain(job, stop);
    });
  }

  /** Every engine that runs or should, for operators. @throws DriverUnavailable */
  async list(): Promise<EngineState[]> {
    const started = new Set(this.#journal.engines('started').map(({ jobId }) => jobId));
    const states: EngineState[] = [];
    await sideBySide(restartedConcurrently, this.#journal.engines('begun'), neverAborts, async (job) => {
      const { jobId } = job;
      const ended = started.has(jobId) && (await this.#driver.hasEnded(jobId));
      states.push({
        start_job_id: jobId,
        game_id: job.gameId,
        engine_family: job.engineFamily ?? null,
        engine_version: job.engineVersion,
        state: !started.has(jobId) ? 'starting' : ended ? 'ended' : 'running',
        memory_bytes: ended ? null : ((await this.#driver.memoryBytes(jobId)) ?? null),
        ended_times: this.#restarts.get(jobId)?.failures ?? 0,
      });
    });
    return states.toSorted((a, b) => (a.start_job_id < b.start_job_id ? -1 : 1));
  }

  /** The end of what an engine wrote, without the values that operators gave to engines. @throws DriverUnavailable */
  async logTail(jobId: string, maxBytes: number): Promise<LogTail | undefined> {
    const tail = await this.#driver.logTail(jobId, maxBytes);
    return tail && { ...tail, text: shownLog(tail, this.#engineVariables) };
  }

  /** Whether an engine of this job should run. */
  shouldRun(jobId: string): boolean {
    return this.#journal.engines('started').some((job) => job.jobId === jobId);
  }

  /** Ends an engine that should run, and starts it again with its data, for operators. Never rejects. */
  async restart(jobId: string, stop: AbortSignal): Promise<void> {
    const job = this.#journal.engines('started').find((one) => one.jobId === jobId);
    if (job === undefined) return;
    const ids = { job_id: jobId, game_id: job.gameId };
    try {
      await this.#inTurn(jobId, async () => {
        if (!this.#isStopped(jobId)) await this.#driver.halt(jobId);
      });
    } catch (error) {
      this.#log.error({ error, ...ids }, 'an engine could not be ended to be started again');
      return;
    }
    this.#restarts.delete(jobId);
    await this.#startAgain(job, stop);
  }

  /** Tells the lobby of every engine that runs. */
  async announce(stop: AbortSignal): Promise<void> {
    for (const { jobId } of this.#journal.engines('started')) {
      if (stop.aborted) return;
      // Not while it is started again, perhaps elsewhere.
      await this.#inTurn(jobId, async () => {
        const result = this.#journal.findStart(jobId)?.result;
        if (result === undefined || this.#isStopped(jobId)) return;
        // The time makes it another entry than the one before, which the lobby would not read again.
        await this.#publish({ ...result, finished_at_ms: this.#now().getTime() });
      });
    }
  }

  /** Ends every engine. The next Runtime Manager on this journal starts them again. */
  async haltAll(): Promise<void> {
    await Promise.all(
      this.#journal.engines('begun').map(async ({ jobId, gameId }) => {
        try {
          await this.#driver.halt(jobId);
        } catch (error) {
          this.#log.error({ error, job_id: jobId, game_id: gameId }, 'an engine could not be stopped');
        }
      }),
    );
  }

  /** Forgets jobs that ended long ago. */
  async forget(olderThanMs: number): Promise<void> {
    for (const jobId of this.#journal.forget(olderThanMs)) await this.#driver.forget(jobId);
  }

  async #startEngine(job: StartJob, stop: AbortSignal): Promise<JobResult> {
    const engine = {
      jobId: job.job_id,
      gameId: job.game_id,
      engineFamily: job.engine_family,
      engineVersion: job.engine_version,
    };
    this.#journal.begin(engine);
    const attempt = new AbortController();
    this.#starting.set(job.job_id, attempt);
    try {
      const timeoutMs = Math.min(this.#startTimeoutMs, job.expires_at_ms - this.#now().getTime());
      const signal = AbortSignal.any([attempt.signal, stop]);
      const runtime = await this.#driver.start(engine, { timeoutMs, signal });
      // Both calls are synchronous, so no stop job can come between the check and the record in the journal.
      if (!this.#isStopped(job.job_id)) return this.#finishStart(this.#result(job, 'start', { runtime }));
    } catch (error) {
      if (!this.#isStopped(job.job_id)) {
        stop.throwIfAborted();
        if (error instanceof DriverUnavailable) throw error;
        return await this.#failStart(job, this.#failureOf(error, engine));
      }
    } finally {
      this.#starting.delete(job.job_id);
    }
    return this.#failStart(job, stoppedFailure);
  }

  /** Removes an engine that was begun first, also one that an earlier process began. */
  async #failStart(job: StartJob, failure: Failure): Promise<JobResult> {
    const begun = this.#journal.findStart(job.job_id)?.engineVersion !== undefined;
    if (begun) await this.#removeEngine(job.job_id);
    return this.#finishStart(this.#result(job, 'start', { failure }));
  }

  #finishStart(result: JobResult): JobResult {
    this.#journal.finishStart(result);
    this.#report(result, {});
    return result;
  }

  /** @returns the failure, when trying again would not help. */
  async #removeEngine(startJobId: string): Promise<Failure | undefined> {
    try {
      await this.#driver.remove(startJobId);
      return undefined;
    } catch (error) {
      if (error instanceof DriverUnavailable) throw error;
      this.#log.error({ error, job_id: startJobId }, 'an engine could not be removed; stop it by hand');
      return {
        code: 'stop_failed',
        message: `The engine could not be stopped: ${error instanceof Error ? error.message : String(error)}`,
      };
    }
  }

  /** Never rejects. */
  async #startAgain(job: EngineJob, stop: AbortSignal): Promise<void> {
    const ids = { job_id: job.jobId, game_id: job.gameId };
    await this.#inTurn(job.jobId, async () => {
      const result = this.#journal.findStart(job.jobId)?.result;
      if (this.#isStopped(job.jobId) || result === undefined) return;
      try {
        const runtime = await this.#driver.start(job, { timeoutMs: this.#startTimeoutMs, signal: stop });
        // A stop job that came meanwhile waits for its turn, and ends the engine.
        if (this.#isStopped(job.jobId)) return;
        engineRestarts.add(1, 'success');
        this.#log.info(ids, 'engine runs');
        await this.#publishMove(result, runtime);
      } catch (error) {
        if (stop.aborted) return;
        engineRestarts.add(1, 'failure');
        this.#log.error(
          { error, ...ids },
          'the engine of a game is not running and could not be started again',
        );
      }
    });
  }

  /** Before it is recorded: if this process dies in between, the next one publishes it once more. */
  async #publishMove(result: JobResult, { containerId, engineEndpoint }: Runtime): Promise<void> {
    if (result.container_id === containerId && result.engine_endpoint === engineEndpoint) return;
    const moved = {
      ...result,
      container_id: containerId,
      engine_endpoint: engineEndpoint,
      finished_at_ms: this.#now().getTime(),
    };
    await this.#publish(moved);
    this.#journal.finishStart(moved);
  }

  #failureOf(error: unknown, { jobId, gameId }: EngineJob): Failure {
    if (error instanceof StartFailed) return error.failure;
    this.#log.error({ error, job_id: jobId, game_id: gameId }, 'an engine could not be started');
    return {
      code: 'internal_error',
      message: 'The Runtime Manager could not start the engine; its log says why.',
    };
  }

  #isStopped(startJobId: string): boolean {
    return this.#journal.findStart(startJobId)?.stopped === true;
  }

  #result(
    job: { job_id: string; game_id: string },
    kind: JobResult['kind'],
    { runtime, failure }: { runtime?: Runtime; failure?: Failure },
  ): JobResult {
    return {
      job_id: job.job_id,
      game_id: job.game_id,
      kind,
      outcome: failure === undefined ? 'success' : 'failure',
      ...(runtime && { container_id: runtime.containerId, engine_endpoint: runtime.engineEndpoint }),
      ...(failure && { error_code: failure.code, error_message: failure.message.slice(0, maxMessageLength) }),
      finished_at_ms: this.#now().getTime(),
    };
  }

  #report({ job_id, game_id, kind, outcome, error_code, error_message }: JobResult, more: object): void {
    finishedJobs.add(1, kind, outcome);
    const fields = { job_id, game_id, kind, outcome, ...more };
    if (outcome === 'success') this.#log.info(fields, 'job done');
    else this.#log.warn({ ...fields, error_code, error_message }, 'job failed');
  }

  #inTurn<T>(startJobId: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(startJobId) ?? Promise.resolve()).then(work);
    const ended = turn
      .catch(() => undefined)
      .finally(() => {
        if (this.#turns.get(startJobId) === ended) this.#turns.delete(startJobId);
      });
    this.#turns.set(startJobId, ended);
    return turn;
  }
}

async function sideBySide(
  places: number,
  engines: readonly EngineJob[],
  stop: AbortSignal,
  work: (job: EngineJob) => Promise<void>,
): Promise<void> {
  const waiting = [...engines];
  const takeNext = async () => {
    for (let job = waiting.shift(); job !== undefined && !stop.aborted; job = waiting.shift()) {
      await work(job);
    }
  };
  await Promise.all(Array.from({ length: places }, takeNext));
}
