// Consumes the streams of start and stop jobs and publishes their results. An entry's offset is saved after its result
// was published, so a result is published at least once; a job that comes again gets its result from the journal.
import { z } from 'zod';
import { fieldProblems } from '../../http/field-problems.ts';
import { type JobResult, jobResultEntry, startJobEntry, stopJobEntry } from '../../protocol/runtime-jobs.ts';
import { fieldsOf } from '../../protocol/stream-fields.ts';
import type { Redis } from '../../redis/client.ts';
import type { StreamEntry } from '../../streams/entry.ts';
import { entriesHandled, exportZero, lossesSeen } from '../../streams/instruments.ts';
import type { ConsumedStream } from '../../streams/offset.ts';
import { consumeStream } from '../../streams/stream-loop.ts';
import { retentionMs, trimStream } from '../../streams/trim.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { inSpanFrom } from '../../telemetry/spans.ts';
import type { RuntimeManager } from './manager.ts';

export const startJobsOffsetKey = 'runtime_manager:stream_offsets:start_jobs';
export const stopJobsOffsetKey = 'runtime_manager:stream_offsets:stop_jobs';

/** Many, since an engine that does not become healthy keeps its place for the whole time-out. */
const startsAtOnce = 32;

export type JobStreams = {
  readonly startJobs: string;
  readonly stopJobs: string;
  readonly jobResults: string;
};

type Parts = {
  readonly manager: RuntimeManager;
  readonly streams: JobStreams;
  readonly redis: Redis;
  /** One connection per stream, for its blocking reads. */
  readonly readers: { readonly startJobs: Redis; readonly stopJobs: Redis };
  readonly blockMs: number;
  readonly log: Logger;
};

/** Runs until `stop` aborts; never rejects. */
export async function consumeJobs(parts: Parts, stop: AbortSignal): Promise<void> {
  const { manager, streams, readers } = parts;
  await Promise.all([
    consume(
      {
        name: 'runtime_manager.start_jobs',
        kind: 'start',
        stream: streams.startJobs,
        offsetKey: startJobsOffsetKey,
        reader: readers.startJobs,
        entry: startJobEntry,
        orderingKey: (job) => job.job_id,
        jobsAtOnce: startsAtOnce,
        handle: (job) => manager.start(job, stop),
      },
      parts,
      stop,
    ),
    consume(
      {
        name: 'runtime_manager.stop_jobs',
        kind: 'stop',
        stream: streams.stopJobs,
        offsetKey: stopJobsOffsetKey,
        reader: readers.stopJobs,
        entry: stopJobEntry,
        orderingKey: (job) => job.start_job_id,
        handle: (job) => manager.stop(job),
      },
      parts,
      stop,
    ),
  ]);
}

/** Removes jobs that were done long ago from the streams, which have no other consumer. */
export async function trimJobs(redis: Redis, { startJobs, stopJobs }: JobStreams): Promise<void> {
  await trimStream(redis, { stream: startJobs, offsetKeys: [startJobsOffsetKey] }, retentionMs);
  await trimStream(redis, { stream: stopJobs, offsetKeys: [stopJobsOffsetKey] }, retentionMs);
}

export async function publishResult(
  redis: Redis,
  { jobResults }: Pick<JobStreams, 'jobResults'>,
  result: JobResult,
  traceparent = '',
): Promise<void> {
  await redis.xadd(jobResults, '*', ...fieldsOf(jobResultEntry, result), 'traceparent', traceparent);
}

type Source<Job> = ConsumedStream & {
  readonly name: string;
  readonly kind: JobResult['kind'];
  readonly reader: Redis;
  readonly entry: z.ZodType<Job>;
  readonly orderingKey: (job: Job) => string;
  readonly jobsAtOnce?: number;
  readonly handle: (job: Job) => Promise<JobResult>;
};

function consume<Job>(source: Source<Job>, parts: Parts, stop: AbortSignal): Promise<void> {
  const { name, stream, offsetKey, reader } = source;
  const { redis, blockMs } = parts;
  const log = parts.log.child({ worker: name });
  log.info({ stream }, 'worker started');
  exportZero(name, entriesHandled, lossesSeen);
  return consumeStream(
    {
      stream,
      offsetKey,
      redis,
      reader,
      blockMs,
      ...(source.jobsAtOnce === undefined ? {} : { keysAtOnce: source.jobsAtOnce }),
      prepare: (entry) => {
        const parsed = source.entry.safeParse(entry.fields);
        return {
          key: parsed.success ? source.orderingKey(parsed.data) : '',
          handle: () =>
            handleInSpan(source, parts, entry, async () =>
              parsed.success
                ? source.handle(parsed.data)
                : refuseMalformed(source, parts, entry, parsed.error),
            ),
        };
      },
      // consumeStream has logged it.
      onFailure: async () => {},
      onLoss: (offset) => {
        lossesSeen.add(1, name);
        log.error({ offset }, 'jobs in the stream were lost before they were handled');
      },
      log,
    },
    stop,
  );
}

async function handleInSpan(
  { name }: { name: string },
  { redis, streams }: Parts,
  { id, traceparent }: StreamEntry,
  work: () => Promise<JobResult | undefined>,
): Promise<undefined> {
  await inSpanFrom(traceparent, `consume ${name}`, { 'messaging.message.id': id }, async () => {
    const result = await work();
    if (result !== undefined) await publishResult(redis, streams, result, traceparent);
    entriesHandled.add(1, name);
  });
  return undefined;
}

const readableIds = z.object({ job_id: z.guid(), game_id: z.guid() });

/**
 * Logs a job that cannot be read, and gives it a failure as its result if its ids are readable. The stream continues.
 */
function refuseMalformed<Job>(
  { kind }: Source<Job>,
  { manager, log }: Parts,
  { id, fields }: StreamEntry,
  error: z.ZodError,
): JobResult | undefined {
  const problems = fieldProblems(error)
    .map(({ field, problem }) => `${field} ${problem}`)
    .join('; ');
  log.error({ entry_id: id, kind, problems }, 'a job cannot be read and is skipped');
  const ids = readableIds.safeParse(fields).data;
  if (ids === undefined) return undefined;
  return manager.refuse(ids, kind, {
    code: 'malformed_job',
    message: `The job cannot be read: ${problems}.`,
  });
}
