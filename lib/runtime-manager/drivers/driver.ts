// A driver starts and stops engines. It finds the engine of a start job by the job's id, also after a crash, so a job
// never has more than one.
import type { EngineCatalogue, OfferedEngine } from '../../engine/catalogue.ts';
import type { EngineJob } from '../domain/engine-job.ts';
import type { Failure } from '../domain/start-decision.ts';

export type Runtime = {
  /** By which operators find the engine. */
  readonly containerId: string;
  /** Base URL, without a slash at its end. It may change when the engine is started again. */
  readonly engineEndpoint: string;
};

export type StartBounds = {
  /** How long the engine may take to become healthy. */
  readonly timeoutMs: number;
  /** Aborts when the start is cancelled. What was started so far is left, to be taken over or removed. */
  readonly signal: AbortSignal;
};

export type LogTail = { readonly text: string; readonly cut: boolean };

export type Driver = {
  /**
   * Starts the engine of this job and waits until it is healthy. One that runs already is taken over; one that has
   * ended is started again with its data, at the same endpoint if that is free.
   * @throws StartFailed; DriverUnavailable
   */
  start(job: EngineJob, bounds: StartBounds): Promise<Runtime>;
  /** Whether the engine has ended, and only `start` makes it run again. @throws DriverUnavailable */
  hasEnded(jobId: string): Promise<boolean>;
  /** Ends the engine if it runs, and leaves its endpoint reserved and its data in place. @throws DriverUnavailable */
  halt(jobId: string): Promise<void>;
  /** Ends the engine if it runs, and removes its data. Does nothing when there is none. @throws DriverUnavailable */
  remove(jobId: string): Promise<void>;
  /** How much memory the engine uses; undefined when it does not run, or that is not known. @throws DriverUnavailable */
  memoryBytes(jobId: string): Promise<number | undefined>;
  /**
   * The end of what the engine wrote, in at most so many bytes; undefined when there is no log. `cut`: it wrote more, so
   * the text may begin within a line. @throws DriverUnavailable
   */
  logTail(jobId: string, maxBytes: number): Promise<LogTail | undefined>;
  /** Removes what operators could still read of a job, such as its log. */
  forget(jobId: string): Promise<void>;
  close(): Promise<void>;
};

/** The engine does not run, and trying again would not help. */
export class StartFailed extends Error {
  readonly failure: Failure;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StartFailed';
    this.failure = { code, message };
  }
}

/** What runs the engines cannot be reached; trying again later may help. */
export class DriverUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DriverUnavailable';
  }
}

/** @throws StartFailed when the catalogue does not have the engine of the job. */
export function engineOf(
  catalogue: EngineCatalogue,
  { engineFamily = catalogue.defaultFamily, engineVersion }: EngineJob,
): OfferedEngine {
  const engine = catalogue.find(engineFamily, engineVersion);
  if (engine !== undefined) return engine;
  throw new StartFailed(
    'unknown_engine',
    `The engine catalogue of the Runtime Manager does not have ${engineFamily} ${engineVersion}. Add it, and start the game again.`,
  );
}
