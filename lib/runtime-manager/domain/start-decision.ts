// What is to be done with a start job, by what is known of it already.
import type { JobResult, StartJob } from '../../protocol/runtime-jobs.ts';

/** Why a job failed: a code for programs, a sentence for people. */
export type Failure = { readonly code: string; readonly message: string };

/** What the journal keeps of a start job. */
export type StartRecord = {
  readonly jobId: string;
  readonly gameId: string;
  /** Set once an engine may have been started. */
  readonly engineVersion: string | undefined;
  /** A stop job has named it: no engine of it may run any more. */
  readonly stopped: boolean;
  readonly result: JobResult | undefined;
};

export type StartDecision =
  | { readonly kind: 'answer'; readonly result: JobResult }
  | { readonly kind: 'refuse'; readonly failure: Failure }
  | { readonly kind: 'start' };

export const stoppedFailure: Failure = {
  code: 'stopped',
  message: 'The start was called off by a stop job; no engine runs.',
};

/** @param record undefined when nothing is known of the job. */
export function decideStart(
  job: Pick<StartJob, 'engine_version' | 'expires_at_ms'>,
  record: Pick<StartRecord, 'stopped' | 'result'> | undefined,
  now: Date,
): StartDecision {
  if (record?.result !== undefined) return { kind: 'answer', result: record.result };
  if (record?.stopped === true) return { kind: 'refuse', failure: stoppedFailure };
  if (now.getTime() >= job.expires_at_ms) {
    const expiredAt = new Date(job.expires_at_ms).toISOString();
    const message = `The start was not done in time: it was void from ${expiredAt} on. Start the game again.`;
    return { kind: 'refuse', failure: { code: 'expired', message } };
  }
  if (!isEngineVersion(job.engine_version)) {
    const message = `${JSON.stringify(job.engine_version.slice(0, 64))} is no engine version such as 1.4.0.`;
    return { kind: 'refuse', failure: { code: 'invalid_engine_version', message } };
  }
  return { kind: 'start' };
}

/** It becomes part of paths and of names of images. */
function isEngineVersion(text: string): boolean {
  return /^\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]*)?$/.test(text) && text.length <= 64 && !text.includes('..');
}
