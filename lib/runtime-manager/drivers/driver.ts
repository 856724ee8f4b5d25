// What starts engines and stops them. Both verbs are told the start job, by whose id a driver finds what it has made
// before, also after a crash: there is never more than one engine of a job.

import type { EngineJob } from '../domain/engine-job.ts';
import type { Failure } from '../domain/start-decision.ts';

export type Runtime = {
  /** As operators find it. */
  readonly containerId: string;
  /** Base URL, without a slash at its end. Stays the same while the job is not removed. */
  readonly engineEndpoint: string;
};

export type StartBounds = {
  /** How long the engine may take to be healthy. */
  readonly timeoutMs: number;
  /** Aborts when nobody wants the engine any more. What there is of it stays, to be taken over or removed. */
  readonly signal: AbortSignal;
};

export type Driver = {
  /**
   * Sees to it that an engine of this job runs and is healthy. One that runs already is taken over; one that has ended
   * is started again in its place, with its data.
   * @throws StartFailed; DriverUnavailable
   */
  start(job: EngineJob, bounds: StartBounds): Promise<Runtime>;
  /** Ends the engine, if it runs; its place and its data stay. @throws DriverUnavailable */
  halt(jobId: string): Promise<void>;
  /** Ends the engine, if it runs, and removes what it had; harmless when there is nothing. @throws DriverUnavailable */
  remove(jobId: string): Promise<void>;
  /** Removes what was kept for operators of a job that is long over. */
  forget(jobId: string): Promise<void>;
  close(): Promise<void>;
};

/** The engine does not run; to try the same again would not help. */
export class StartFailed extends Error {
  readonly failure: Failure;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StartFailed';
    this.failure = { code, message };
  }
}

/** What runs the engines cannot be reached; to try again later may help. */
export class DriverUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DriverUnavailable';
  }
}

/** `{engine_version}` in a command or the name of an image. */
export function withVersion(text: string, { engineVersion }: EngineJob): string {
  return text.replaceAll('{engine_version}', engineVersion);
}
