// The loop of every worker that consumes a Redis stream; what it does with an entry is a function that it is given.
//
// Guarantees: every entry past the offset is handled at least once; entries with one ordering key one after the other
// in the stream's order, those with different keys side by side. The offset moves over a completed prefix only: when
// an entry fails, those that were handled after it come again, so handling twice must change nothing more. A failure
// is tried again after a pause that doubles from half a second to ten seconds, for as long as it takes; what can never
// be handled is for the handler to put away. An offset that is missing, or points beyond the stream's end because Redis
// came back empty or older, means from the beginning; one that points before the first entry means that entries were
// lost, which is told by `onLoss` and passed over. When told to stop it finishes the entries under way.
import { pause } from '../node/pause.ts';
import type { Redis } from '../redis/client.ts';
import type { Logger } from '../telemetry/logger.ts';
import { readEntry, type StreamEntry, streamStart } from './entry.ts';
import { advanceOffset, forgetOffset, readStreamState, type StreamPlace } from './offset.ts';

const entriesPerRead = 100;
/** Ordering keys that are worked on side by side. */
const keysAtOnce = 8;
const firstBackoffMs = 500;
const longestBackoffMs = 10_000;

export type StreamLoop = StreamPlace & {
  /** For the log. */
  readonly name: string;
  readonly redis: Redis;
  /** For blocking reads alone: see `openStreamReader`. */
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

/** A connection for blocking reads, which may take as long as they block. @param onError told when it breaks. */
export async function openStreamReader(
  redis: Redis,
  { blockMs, operationTimeoutMs }: { blockMs: number; operationTimeoutMs: number },
  onError: (error: Error) => void,
): Promise<Redis> {
  const reader = redis.duplicate({ commandTimeout: blockMs + operationTimeoutMs });
  reader.on('error', onError);
  await reader.connect();
  return reader;
}

/** Runs until `stop` aborts; never rejects. */
export async function consumeStream(loop: StreamLoop, stop: AbortSignal): Promise<void> {
  // A blocking read would hold the stop up for as long as it blocks.
  const disconnect = () => loop.reader.disconnect();
  stop.addEventListener('abort', disconnect, { once: true });
  let failures = 0;
  let offset: string | undefined;
  let told: string | undefined;
  while (!stop.aborted) {
    try {
      if (offset === undefined) {
        await ready(loop.reader);
        const found = await findOffset(loop);
        offset = found.offset;
        if (found.lost && told !== offset) {
          told = offset;
          loop.onLoss(offset);
        }
      }
      const entries = await readEntries(loop, offset);
      if (stop.aborted) break;
      // What comes next after silence may be another Redis: look where the stream stands.
      if (entries.length === 0) offset = undefined;
      else {
        const { handled, failure } = await handleAll(loop, entries, stop);
        const last = entries[handled - 1];
        if (last !== undefined) {
          offset = last.id;
          await advanceOffset(loop.redis, loop.offsetKey, offset);
        }
        if (failure !== undefined) throw failure.error;
      }
      failures = 0;
    } catch (error) {
      if (stop.aborted) break;
      failures += 1;
      offset = undefined;
      loop.log.warn({ error, failures }, 'stream could not be followed; trying again');
      await loop.onFailure(error);
      // A connection that answers too late still owes its answer, so it cannot be used again.
      if (loop.reader.status === 'ready') loop.reader.disconnect(true);
      await pause(Math.min(firstBackoffMs * 2 ** Math.min(failures - 1, 30), longestBackoffMs), stop);
    }
  }
  stop.removeEventListener('abort', disconnect);
  disconnect();
}

/** Commands on a connection that is being made again fail at once; a ping fails in their place. */
async function ready(reader: Redis): Promise<void> {
  await reader.ping();
}

async function findOffset(loop: StreamLoop): Promise<{ offset: string; lost: boolean }> {
  const { offset, beyondEnd, lost } = await readStreamState(loop.redis, loop);
  if (offset === undefined) return { offset: streamStart, lost: false };
  if (!beyondEnd) return { offset, lost };
  loop.log.warn({ offset }, 'the offset lies beyond the stream, which is another one: from its beginning');
  await forgetOffset(loop.redis, loop.offsetKey, offset);
  return { offset: streamStart, lost: false };
}

async function readEntries({ reader, stream, blockMs }: StreamLoop, offset: string): Promise<StreamEntry[]> {
  const reply = await reader.xread('COUNT', entriesPerRead, 'BLOCK', blockMs, 'STREAMS', stream, offset);
  return (reply?.[0]?.[1] ?? []).map(readEntry);
}

/** @returns how many of the first entries have been handled, all of them unless one failed or `stop` aborted. */
async function handleAll(
  loop: StreamLoop,
  entries: readonly StreamEntry[],
  stop: AbortSignal,
): Promise<{ handled: number; failure: { error: unknown } | undefined }> {
  const prepared = entries.map((entry, index) => ({ index, ...loop.prepare(entry) }));
  const waiting = [...Map.groupBy(prepared, ({ key }) => key).values()];
  let firstLeft = entries.length;
  let failure: { error: unknown } | undefined;
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
