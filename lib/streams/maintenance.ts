// Maintenance of the streams that a service consumes, whether its consumers run or not: measure how far behind they
// are and how many keys are parked, trim the streams, delete records of events that were applied long ago. Any number of
// replicas may run it.
import { runTicks } from '../node/tick-loop.ts';
import type { Database } from '../outbox/store.ts';
import type { Redis } from '../redis/client.ts';
import type { Logger } from '../telemetry/logger.ts';
import { parkedKeys, streamInstruments } from './instruments.ts';
import { type ConsumedStream, readStreamState } from './offset.ts';
import type { OldestUnprocessed } from './oldest-unprocessed.ts';
import { deleteProcessed, readConsumers } from './store.ts';
import type { StreamTables } from './tables.ts';
import { retentionMs, trimStream } from './trim.ts';

const measureIntervalMs = 1_000;
const countIntervalMs = 5_000;
const cleanUpIntervalMs = 60_000;
/** Longer than any outbox can publish an event again. */
export const processedRetentionMs = 14 * 24 * 3_600_000;
const deletedAtOnce = 1_000;

export type StreamMaintenance = {
  readonly redis: Redis;
  readonly db: Database;
  readonly tables: StreamTables;
  /** All consumers of these streams. */
  readonly consumers: readonly (ConsumedStream & { readonly name: string })[];
  readonly oldestUnprocessed: OldestUnprocessed;
  readonly log: Logger;
};

/** Runs until `stop` aborts; never rejects. */
export async function runStreamMaintenance(maintenance: StreamMaintenance, stop: AbortSignal): Promise<void> {
  const { log } = maintenance;
  streamInstruments.start();
  await Promise.all([
    runTicks({ name: 'stream watch', intervalMs: measureIntervalMs, tick: measure(maintenance), log }, stop),
    runTicks(
      { name: 'parked keys', intervalMs: countIntervalMs, tick: () => countParked(maintenance), log },
      stop,
    ),
    runTicks(
      { name: 'stream trimming', intervalMs: cleanUpIntervalMs, tick: () => trim(maintenance), log },
      stop,
    ),
    runTicks(
      {
        name: 'stream clean-up',
        intervalMs: cleanUpIntervalMs,
        tick: (stopped) => deleteOld(maintenance, stopped),
        log,
      },
      stop,
    ),
  ]);
}

/** Handles failures itself: the back-off of failed ticks would delay the first measurement after Redis is back. */
function measure({ redis, consumers, oldestUnprocessed, log }: StreamMaintenance): () => Promise<void> {
  let failing = false;
  return async () => {
    try {
      await Promise.all(
        consumers.map(async (consumer) => {
          const { oldestUnprocessedAgeMs } = await readStreamState(redis, consumer);
          oldestUnprocessed.measured(consumer.name, oldestUnprocessedAgeMs);
        }),
      );
      failing = false;
    } catch (error) {
      for (const { name } of consumers) oldestUnprocessed.markStale(name);
      if (!failing) log.warn({ error }, 'it cannot be measured how far behind the consumers of streams are');
      failing = true;
    }
  };
}

async function countParked({ db, tables, consumers }: StreamMaintenance): Promise<void> {
  const names = consumers.map(({ name }) => name);
  const records = new Map((await readConsumers(db, tables, names)).map((record) => [record.name, record]));
  for (const name of names) parkedKeys.set(name, records.get(name)?.parkedKeys ?? 0);
}

async function trim({ redis, consumers, log }: StreamMaintenance): Promise<void> {
  for (const [stream, ofStream] of Map.groupBy(consumers, (consumer) => consumer.stream)) {
    const offsetKeys = ofStream.map(({ offsetKey }) => offsetKey);
    const trimmed = await trimStream(redis, { stream, offsetKeys }, retentionMs);
    if (trimmed > 0) log.debug({ stream, trimmed }, 'stream trimmed');
  }
}

async function deleteOld({ db, tables, log }: StreamMaintenance, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const deleted = await deleteProcessed(db, tables, {
      afterMs: processedRetentionMs,
      limit: deletedAtOnce,
    });
    if (deleted > 0) log.debug({ deleted }, 'records of applied events deleted');
    if (deleted < deletedAtOnce) return;
  }
}
