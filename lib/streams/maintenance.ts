// What is done about the streams that a service consumes, whether its consumers run or not: look how far behind they
// are, keep the streams short, forget what was applied long ago. Any number of replicas may do it.
import { runTicks } from '../node/tick-loop.ts';
import type { Database } from '../outbox/store.ts';
import type { Redis } from '../redis/client.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type ConsumedStream, readStreamState } from './offset.ts';
import type { OldestUnprocessed } from './oldest-unprocessed.ts';
import { forgetProcessed } from './store.ts';
import type { StreamTables } from './tables.ts';
import { keptMs, trimStream } from './trim.ts';

const lookIntervalMs = 1_000;
const tidyIntervalMs = 60_000;
/** For longer than any outbox can publish an event once more. */
export const rememberedMs = 14 * 24 * 3_600_000;
const forgottenAtOnce = 1_000;

export type StreamMaintenance = {
  readonly redis: Redis;
  readonly db: Database;
  readonly tables: StreamTables;
  /** Of everybody who consumes these streams. */
  readonly consumers: readonly (ConsumedStream & { readonly name: string })[];
  readonly oldestUnprocessed: OldestUnprocessed;
  readonly log: Logger;
};

/** Runs until `stop` aborts; never rejects. */
export async function runStreamMaintenance(upkeep: StreamMaintenance, stop: AbortSignal): Promise<void> {
  const { log } = upkeep;
  await Promise.all([
    runTicks({ name: 'stream watch', intervalMs: lookIntervalMs, tick: watch(upkeep), log }, stop),
    runTicks({ name: 'stream trimming', intervalMs: tidyIntervalMs, tick: () => trim(upkeep), log }, stop),
    runTicks(
      {
        name: 'stream forgetting',
        intervalMs: tidyIntervalMs,
        tick: (stopped) => forget(upkeep, stopped),
        log,
      },
      stop,
    ),
  ]);
}

/** Looks again at once when Redis is back, so a look that fails is none of the failures that a tick backs off for. */
function watch({ redis, consumers, oldestUnprocessed, log }: StreamMaintenance): () => Promise<void> {
  let failing = false;
  return async () => {
    try {
      await Promise.all(
        consumers.map(async (consumer) => {
          const { oldestUnprocessedAgeMs } = await readStreamState(redis, consumer);
          oldestUnprocessed.saw(consumer.name, oldestUnprocessedAgeMs);
        }),
      );
      failing = false;
    } catch (error) {
      for (const { name } of consumers) oldestUnprocessed.missed(name);
      if (!failing) log.warn({ error }, 'it cannot be seen how far behind the consumers of streams are');
      failing = true;
    }
  };
}

async function trim({ redis, consumers, log }: StreamMaintenance): Promise<void> {
  for (const [stream, ofStream] of Map.groupBy(consumers, (consumer) => consumer.stream)) {
    const offsetKeys = ofStream.map(({ offsetKey }) => offsetKey);
    const trimmed = await trimStream(redis, { stream, offsetKeys }, keptMs);
    if (trimmed > 0) log.debug({ stream, trimmed }, 'stream trimmed');
  }
}

async function forget({ db, tables, log }: StreamMaintenance, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const forgotten = await forgetProcessed(db, tables, { afterMs: rememberedMs, limit: forgottenAtOnce });
    if (forgotten > 0) log.debug({ forgotten }, 'applied events forgotten');
    if (forgotten < forgottenAtOnce) return;
  }
}
