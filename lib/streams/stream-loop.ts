// The loop of every worker that consumes a Redis stream; what it does with an entry is a function that it is given.
//
// Guarantees: every entry past the offset is handled at least once; entries with one ordering key one after the other
// in the stream's order, those with different keys side by side. The offset moves over a completed prefix only: when
// an entry fails, those that were handled after it come again, so handling twice must change nothing more. A failure
// is tried again after a pause that doubles from half a second to ten seconds, for as long as it takes; what can never
// be handled is for the handler to put away. An offset that is missing, or has strayed (offset.ts), means from the
// beginning; one that points before the first entry means that entries were lost, which is told by `onLoss` and passed
// over. When told to stop it finishes the entries under way.
import { sleep } from '../node/sleep.ts';
import type { Redis } from '../redis/client.ts';
import type { Logger } from '../telemetry/logger.ts';
import { readEntry, type StreamEntry, streamStart } from './entry.ts';
import { advanceOffset, type ConsumedStream, forgetOffset, readStreamState } from './offset.ts';

const entriesPerRead = 100;
/** Ordering keys that are worked on side by side. */
const keysAtOnce = 8;
const firstBackoffMs = 500;
const longestBackoffMs = 10_000;

export type StreamLoop = ConsumedStream & {
  readonly redis: Redis;
  /** For blocking reads alone: see `openStreamReader`. Disconnected when the loop ends. */
  readonly reader: Redis;
  /** How long a read waits for an entry. */
  readonly blockMs: number;
  /** Reads an entry: its ordering key, and what is to be done about it. Must not throw. */
  readonly prepare: (entry: StreamEntry) => { key: string; handle: () => Promise<void> };
  /** Told of each failure, before the pause. */
  readonly onFailure: (error: unknown) => Promise<void>;
  /** Told once per loss; called again after a restart while the loss can still be seen. */
  readonly onLoss: (offset: string) => void;
  readonly log: Logger;
};

/**
 * A connection for blocking reads, which may take as long as they block. It is being made when this returns, and made
 * again whenever it breaks.
 * @param onError told when it breaks, or cannot be made.
 */
export function openStreamReader(
  redis: Redis,
  { blockMs, operationTimeoutMs }: { blockMs: number; operationTimeoutMs: number },
  onError: (error: Error) => void,
): Redis {
  const reader = redis.duplicate({ lazyConnect: false, commandTimeout: blockMs + operationTimeoutMs });
  reader.on('error', onError);
  return reader;
}

/** Runs until `stop` aborts; never rejects. */
export async function consumeStream(loop: StreamLoop, stop: AbortSignal): Promise<void> {
  // A blocking read would hold the stop up for as long as it blocks.
  const disconnect = () => loop.reader.disconnect();
  stop.addEventListener('abort', disconnect, { once: true });
  const findPlace = placeFinder(loop);
  let failures = 0;
  let offset: string | undefined;
  while (!stop.aborted) {
    try {
      if (offset === undefined) {
        await connected(loop.reader, stop);
        if (stop.aborted) break;
        offset = await findPlace();
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
      loop.log.warn({ error, failures }, 'stream could not be followed; trying again');
      await loop.onFailure(error);
      await sleep(Math.min(firstBackoffMs * 2 ** Math.min(failures - 1, 30), longestBackoffMs), stop);
    }
  }
  stop.removeEventListener('abort', disconnect);
  disconnect();
}

/** Resolves when the connection is there, however long Redis is away, or when `stop` aborts. */
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

/** @returns a function that looks up what is to be read on from. */
function placeFinder({ redis, onLoss, log, ...place }: StreamLoop): () => Promise<string> {
  let told: string | undefined;
  return async () => {
    const { offset, strayed, lost } = await readStreamState(redis, place);
    if (offset === undefined) return streamStart;
    if (strayed) {
      log.warn({ offset }, 'the offset is none of this stream’s, which was made anew: from its beginning');
      await forgetOffset(redis, place.offsetKey, offset);
      return streamStart;
    }
    if (lost && told !== offset) onLoss(offset);
    told = lost ? offset : undefined;
    return offset;
  };
}

async function readEntries({ reader, stream, blockMs }: StreamLoop, offset: string): Promise<StreamEntry[]> {
  try {
    const reply = await reader.xread('COUNT', entriesPerRead, 'BLOCK', blockMs, 'STREAMS', stream, offset);
    return (reply?.[0]?.[1] ?? []).map(readEntry);
  } catch (error) {
    // A connection that answers too late still owes its answer, so it cannot be used again.
    if (reader.status === 'ready') reader.disconnect(true);
    throw error;
  }
}

/**
 * Handles what was read from `from` on, and moves the offset over what was completed.
 * @returns `to`, where it stands now: undefined when it did not move. So it must be looked up again, after silence, too:
 *   what comes next may be of another stream.
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
  loop.log.warn({ offset: from }, 'the stream was made anew while it was read; looking again');
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
  let firstLeft = entries.length;
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
          if (index < firstLeft) failure = { error };
        }
        firstLeft = Math.min(firstLeft, index);
        // Later entries of this key come after this one, also when it comes again.
        break;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(keysAtOnce, waiting.length) }, work));
  return { handled: firstLeft, failure };
}
