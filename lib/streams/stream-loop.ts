// The loop of every worker that consumes a Redis stream; the caller provides the function that handles an entry.
//
// Guarantees: every entry after the offset is handled at least once; entries with one ordering key one after the other
// in the stream's order, those with different keys concurrently. The offset moves over a completed prefix only: when an
// entry fails, those that were handled after it come again, so handling must be idempotent. After a failure the loop
// tries again, without end, after a pause that doubles from half a second to ten seconds; the handler itself must put
// aside an entry that can never be handled. When the offset is missing or invalid (offset.ts), the loop begins at the
// start of the stream. An offset before the first entry means that entries were lost: the loop calls `onLoss` and goes
// on. On `stop` it finishes the running entries.
import { sleep } from '../node/sleep.ts';
import { openReader, type Redis } from '../redis/client.ts';
import type { Logger } from '../telemetry/logger.ts';
import { readEntry, type StreamEntry, streamStart } from './entry.ts';
import { advanceOffset, type ConsumedStream, deleteOffset, readStreamState } from './offset.ts';

const entriesPerRead = 100;
/** Ordering keys that are handled concurrently. */
const keysAtOnce = 8;
const firstBackoffMs = 500;
const longestBackoffMs = 10_000;

export type StreamLoop = ConsumedStream & {
  readonly redis: Redis;
  /** Only for blocking reads: see `openStreamReader`. Disconnected when the loop ends. */
  readonly reader: Redis;
  /** How long a read waits for an entry. */
  readonly blockMs: number;
  /** Parses an entry: its ordering key, and the function that handles it. Must not throw. */
  readonly prepare: (entry: StreamEntry) => { key: string; handle: () => Promise<void> };
  /** Called after each failure, before the pause. */
  readonly onFailure: (error: unknown) => Promise<void>;
  /** Called once per loss, and again after a restart while the loss is still visible. */
  readonly onLoss: (offset: string) => void;
  readonly log: Logger;
};

/**
 * A connection for blocking reads, whose time-out includes the time that they block. It connects in the background, and
 * again whenever it breaks.
 * @param onError called when it breaks or cannot connect.
 */
export function openStreamReader(
  redis: Redis,
  bounds: { blockMs: number; operationTimeoutMs: number },
  onError: (error: Error) => void,
): Redis {
  return openReader(redis, bounds, { lazyConnect: false }, onError);
}

/** Runs until `stop` aborts; never rejects. */
export async function consumeStream(loop: StreamLoop, stop: AbortSignal): Promise<void> {
  // A blocking read would delay the stop.
  const disconnect = () => loop.reader.disconnect();
  stop.addEventListener('abort', disconnect, { once: true });
  const findOffset = offsetFinder(loop);
  let failures = 0;
  let offset: string | undefined;
  while (!stop.aborted) {
    try {
      if (offset === undefined) {
        await connected(loop.reader, stop);
        if (stop.aborted) break;
        offset = await findOffset();
      }
      const entries = await readEntries(loop, offset);
      const { to, failure } = await handleAll(loop, offset, entries, stop);
      offset = to;
      if (to !== undefined || entries.length === 0) failures = 0;
      if (failure !== undefined) throw failure.error;
    } catch (error) {
      if (stop.aborted) break;
      failures += 1;
      offset = undefined;
      loop.log.warn({ error, failures }, 'stream could not be consumed; trying again');
      await loop.onFailure(error);
      await sleep(Math.min(firstBackoffMs * 2 ** Math.min(failures - 1, 30), longestBackoffMs), stop);
    }
  }
  stop.removeEventListener('abort', disconnect);
  disconnect();
}

/** Resolves when the connection is ready, however long Redis is unavailable, or when `stop` aborts. */
function connected(reader: Redis, stop: AbortSignal): Promise<void> {
  if (reader.status === 'ready' || stop.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      reader.off('ready', done);
      stop.removeEventListener('abort', done);
      resolve();
    };
    reader.on('ready', done);
    stop.addEventListener('abort', done);
  });
}

/** @returns a function that looks up the id after which to read. */
function offsetFinder({ redis, onLoss, log, ...consumed }: StreamLoop): () => Promise<string> {
  let reported: string | undefined;
  return async () => {
    const { offset, invalid, lost } = await readStreamState(redis, consumed);
    if (offset === undefined) return streamStart;
    if (invalid) {
      log.warn({ offset }, 'the offset belongs to an earlier stream; beginning at the start of this one');
      await deleteOffset(redis, consumed.offsetKey, offset);
      return streamStart;
    }
    if (lost && reported !== offset) onLoss(offset);
    reported = lost ? offset : undefined;
    return offset;
  };
}

async function readEntries({ reader, stream, blockMs }: StreamLoop, offset: string): Promise<StreamEntry[]> {
  try {
    const reply = await reader.xread('COUNT', entriesPerRead, 'BLOCK', blockMs, 'STREAMS', stream, offset);
    return (reply?.[0]?.[1] ?? []).map(readEntry);
  } catch (error) {
    // After a time-out the reply may still arrive, so the connection cannot be used again.
    if (reader.status === 'ready') reader.disconnect(true);
    throw error;
  }
}

/**
 * Handles the entries that were read after `from`, and moves the offset over those that were completed.
 * @returns `to`, the new offset; undefined when it did not move. Then the offset must be looked up again, also when no
 *   entry came: the next ones may belong to another stream.
 */
async function handleAll(
  loop: StreamLoop,
  from: string,
  entries: readonly StreamEntry[],
  stop: AbortSignal,
): Promise<{ to: string | undefined; failure: Failure | undefined }> {
  const { handled, failure } = await handlePrefix(loop, entries, stop);
  const to = entries[handled - 1]?.id;
  if (to === undefined || (await advanceOffset(loop.redis, loop, { from, to }))) return { to, failure };
  loop.log.warn({ offset: from }, 'the stream was created again while it was read; looking up the offset');
  return { to: undefined, failure };
}

type Failure = { readonly error: unknown };

/** @returns how many of the first entries have been handled, all of them unless one failed or `stop` aborted. */
async function handlePrefix(
  loop: StreamLoop,
  entries: readonly StreamEntry[],
  stop: AbortSignal,
): Promise<{ handled: number; failure: Failure | undefined }> {
  const prepared = entries.map((entry, index) => ({ index, ...loop.prepare(entry) }));
  const waiting = [...Map.groupBy(prepared, ({ key }) => key).values()];
  let handled = entries.length;
  let failure: Failure | undefined;
  const work = async () => {
    for (let ofKey = waiting.shift(); ofKey !== undefined; ofKey = waiting.shift()) {
      for (const { index, handle } of ofKey) {
        try {
          if (!stop.aborted) {
            await handle();
            continue;
          }
        } catch (error) {
          if (index < handled) failure = { error };
        }
        handled = Math.min(handled, index);
        // Later entries of this key must wait until this one is retried.
        break;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(keysAtOnce, waiting.length) }, work));
  return { handled, failure };
}
