// Decides what to do with a start job, from what the journal has recorded of it.
import type { JobResult, StartJob } from '../../protocol/runtime-jobs.ts';

/** Why a job failed: a code for programs, a sentence for people. */
export type Failure = { readonly code: string; readonly message: string };

/** What the journal stores of a start job. */
export type StartRecord = {
  readonly jobId: string;
  readonly gameId: string;
  /** Set before the first attempt to start an engine. */
  readonly engineVersion: string | undefined;
  /** A stop job has named it, so its engine must not run any more. */
  readonly stopped: boolean;
  readonly result: JobResult | undefined;
};

export type StartDecision =
  | { readonly kind: 'repeat'; readonly result: JobResult }
  | { readonly kind: 'refuse'; readonly failure: Failure }
  | { readonly kind: 'start' };

export const stoppedFailure: Failure = {
  code: 'stopped',
  message: 'A stop job cancelled the start; no engine is running.',
};

/** @param running how many other engines there may be already. @returns undefined while there is room for one more. */
export function capacityFailure(running: number, maxEngines: number): Failure | undefined {
  if (running < maxEngines) return undefined;
  return {
    code: 'too_many_engines',
    message: `There ${running === 1 ? 'is 1 engine' : `are ${running} engines`} already, as many as RM_MAX_ENGINES allows. Start the game again later.`,
  };
}

/** @param record undefined for a job that the journal does not know. */
export function decideStart(
  job: Pick<StartJob, 'expires_at_ms'>,
  record: Pick<StartRecord, 'stopped' | 'result'> | undefined,
  now: Date,
): StartDecision {
  if (record?.result !== undefined) return { kind: 'repeat', result: record.result };
  if (record?.stopped === true) return { kind: 'refuse', failure: stoppedFailure };
  if (now.getTime() >= job.expires_at_ms) {
    const expiredAt = new Date(job.expires_at_ms).toISOString();
    const message = `The start job expired at ${expiredAt}, before it was done: by the clock of this machine it is ${now.toISOString()}. Start the game again.`;
    return { kind: 'refuse', failure: { code: 'expired', message } };
  }
  return { kind: 'start' };
}
