// The loop of every worker that consumes a Redis stream; the caller provides the function that handles an entry.
//
// Guarantees: every entry after the offset is handled at least once; entries with one ordering key one after the other
// in the stream's order, those with different keys concurrently. Entries are read while earlier ones are still being
// handled, so a slow entry holds up its own key only, until a thousand entries wait behind it. The offset moves over a
// completed prefix only: after a restart, those that were handled after an unfinished entry come again, so handling must
// be idempotent. An entry for which `handle` asks is tried again later, and only its key waits. When `handle` rejects,
// the whole stream waits: the loop finishes the running entries and tries again from the offset, without end, after a
// pause that doubles from half a second to ten seconds. When the offset is missing or invalid (offset.ts), the loop
// begins at the start of the stream. An offset before the first entry means that entries were lost: the loop calls
// `onLoss` and goes on. On `stop` it finishes the running entries.
import { sleep } from '../node/sleep.ts';
import { openReader, type Redis } from '../redis/client.ts';
import type { Logger } from '../telemetry/logger.ts';
import { readEntry, type StreamEntry, streamStart } from './entry.ts';
import { type Again, KeyedWork } from './keyed-work.ts';
import { advanceOffset, type ConsumedStream, deleteOffset, readStreamState } from './offset.ts';

const entriesPerRead = 100;
/** Entries that may be ahead of the offset. */
const longestWindow = 1_000;
const usualKeysAtOnce = 8;
const firstPauseMs = 500;
const longestPauseMs = 10_000;

/** Work on an ordering key. `handle` resolves with `Again` when this work, and so its key, must wait. */
export type Prepared = { readonly key: string; readonly handle: () => Promise<Again> };

export type StreamLoop = ConsumedStream & {
  readonly redis: Redis;
  /** Only for blocking reads: see `openStreamReader`. Disconnected when the loop ends. */
  readonly reader: Redis;
  /** How long a read waits for an entry. */
  readonly blockMs: number;
  /** Ordering keys that are handled concurrently; 8 by default. */
  readonly keysAtOnce?: number;
  /** Parses an entry: its ordering key, and the function that handles it. Must not throw. */
  readonly prepare: (entry: StreamEntry) => Prepared;
  /** Work that did not come from the stream. Asked after each read; what is for a key that is busy is left out. */
  readonly more?: () => Promise<readonly Prepared[]>;
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
  while (!stop.aborted) {
    try {
      await connected(loop.reader, stop);
      if (stop.aborted) break;
      const pass = new Pass(loop, findOffset, () => {
        failures = 0;
      });
      await pass.run(stop);
    } catch (error) {
      if (stop.aborted) break;
      failures += 1;
      loop.log.warn({ error, failures }, 'stream could not be consumed; trying again');
      await loop.onFailure(error);
      await sleep(pauseMs(failures), stop);
    }
  }
  stop.removeEventListener('abort', disconnect);
  disconnect();
}

/** The pause after so many failures in a row. */
export function pauseMs(failures: number): number {
  return Math.min(firstPauseMs * 2 ** Math.min(failures - 1, 30), longestPauseMs);
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

/** An entry ahead of the offset. */
type Ahead = {
  readonly id: string;
  /** The id after which it was read. */
  readonly from: string;
  done: boolean;
};

/** Consumes a stream from its offset on, until something fails or the offset must be looked up again. */
class Pass {
  readonly #loop: StreamLoop;
  readonly #findOffset: () => Promise<string>;
  readonly #onProgress: () => void;
  readonly #work: KeyedWork;
  /** In the order of the stream. */
  readonly #ahead: Ahead[] = [];
  readonly #over = Promise.withResolvers<void>();
  #isOver = false;
  #failure: { readonly error: unknown } | undefined;
  #offset = streamStart;
  #advancing = false;
  /** Set while the reader waits for the offset to move. */
  #onAdvanced: (() => void) | undefined;

  constructor(loop: StreamLoop, findOffset: () => Promise<string>, onProgress: () => void) {
    this.#loop = loop;
    this.#findOffset = findOffset;
    this.#onProgress = onProgress;
    this.#work = new KeyedWork(loop.keysAtOnce ?? usualKeysAtOnce, (error) => this.#fail(error));
  }

  /** @throws what failed. Resolves when `stop` aborts, or when the offset must be looked up again. */
  async run(stop: AbortSignal): Promise<void> {
    const end = () => this.#end();
    stop.addEventListener('abort', end, { once: true });
    let reading = true;
    const read = this.#read()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        reading = false;
      });
    await this.#over.promise;
    stop.removeEventListener('abort', end);
    await this.#work.end();
    await this.#advance();
    // Not waited for: a read may block for long. What it returns is read again.
    if (reading && this.#loop.reader.status === 'ready') this.#loop.reader.disconnect(true);
    await read;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #end(): void {
    this.#isOver = true;
    this.#onAdvanced?.();
    this.#over.resolve();
  }

  /** The first failure is the one that counts: others may follow from the end. */
  #fail(error: unknown): void {
    if (!this.#isOver) this.#failure = { error };
    this.#end();
  }

  async #read(): Promise<void> {
    const { more } = this.#loop;
    this.#offset = await this.#findOffset();
    let from = this.#offset;
    while (!this.#isOver) {
      const room = longestWindow - this.#ahead.length;
      if (room <= 0) {
        await this.#advanced();
        continue;
      }
      const entries = await readEntries(this.#loop, from, Math.min(room, entriesPerRead));
      if (this.#isOver) return;
      for (const entry of entries) this.#add(entry, from);
      from = entries.at(-1)?.id ?? from;
      for (const { key, handle } of (await more?.()) ?? []) {
        if (!this.#work.has(key)) this.#work.add(key, handle);
      }
      if (entries.length === 0) await this.#checkOffset();
    }
  }

  #add(entry: StreamEntry, from: string): void {
    const ahead: Ahead = { id: entry.id, from, done: false };
    this.#ahead.push(ahead);
    const { key, handle } = this.#loop.prepare(entry);
    this.#work.add(key, async () => {
      const again = await handle();
      if (again === undefined) {
        ahead.done = true;
        void this.#advance();
      }
      return again;
    });
  }

  /** When no entry came: the next ones may belong to another stream. */
  async #checkOffset(): Promise<void> {
    if (this.#ahead.length === 0) this.#onProgress();
    if (this.#advancing) return;
    const before = this.#offset;
    const found = await this.#findOffset();
    // Unless it has moved meanwhile.
    if (before === this.#offset && found !== before && !this.#advancing) this.#end();
  }

  #advanced(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onAdvanced = resolve;
    if (this.#isOver) resolve();
    return promise;
  }

  /**
   * Moves the offset over the entries that are done, those of one read at a time: the stream is known to be the same
   * only when the entry after which they were read is still in it. Never rejects.
   */
  async #advance(): Promise<void> {
    if (this.#advancing) return;
    this.#advancing = true;
    try {
      for (;;) {
        const [first] = this.#ahead;
        const unfinished = this.#ahead.findIndex(({ from, done }) => !done || from !== first?.from);
        const count = unfinished === -1 ? this.#ahead.length : unfinished;
        const to = this.#ahead[count - 1]?.id;
        if (first === undefined || to === undefined) return;
        if (!(await advanceOffset(this.#loop.redis, this.#loop, { from: first.from, to }))) {
          const { log } = this.#loop;
          log.warn(
            { offset: first.from },
            'the stream was created again while it was read; looking up the offset',
          );
          this.#ahead.length = 0;
          this.#end();
          return;
        }
        this.#ahead.splice(0, count);
        this.#offset = to;
        this.#onProgress();
        this.#onAdvanced?.();
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#advancing = false;
    }
  }
}

async function readEntries(
  { reader, stream, blockMs }: StreamLoop,
  offset: string,
  count: number,
): Promise<StreamEntry[]> {
  try {
    const reply = await reader.xread('COUNT', count, 'BLOCK', blockMs, 'STREAMS', stream, offset);
    return (reply?.[0]?.[1] ?? []).map(readEntry);
  } catch (error) {
    // After a time-out the reply may still arrive, so the connection cannot be used again.
    if (reader.status === 'ready') reader.disconnect(true);
    throw error;
  }
}
