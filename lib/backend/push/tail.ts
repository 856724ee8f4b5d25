// Follows the head of the push log for a whole process: one blocking read on a connection of its own, however many
// gateways listen.
//
// Guarantees: whoever attaches at a place gets every later frame of the log, in order and once; a `gap` frame when
// the log began a new life in between; and `lost` when that can no longer be promised because Redis is out of reach.
// After a loss it finds the head anew by itself. It never waits for a listener. Composed by workers/backend-push.ts.

import { sleep } from '../../node/sleep.ts';
import type { Redis } from '../../redis/client.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { compareStreamIds, formatStreamId, type Place } from '../domain/log-position.ts';
import { entryFrame, type Frame, gapFrame } from './frames.ts';
import { readEntry } from './log/entry.ts';
import { type PushLog, PushLogUnavailable, type Reply, readList } from './log/log.ts';
import { readState } from './log/read-global.ts';

/** Even when all are as large as can be, less than what may wait for one gateway: see push-config.ts. */
const entriesPerRead = 100;
const retryAfterMs = 200;

export interface TailListener {
  /** Called in the log's order. Must not block. */
  frames(frames: readonly Frame[]): void;
  /** Frames may be missed from now on; the listener has been detached. */
  lost(): void;
}

export class PushTail {
  readonly #log: PushLog;
  readonly #reader: Redis;
  readonly #blockMs: number;
  readonly #logger: Logger;
  readonly #listeners = new Set<TailListener>();
  readonly #found = Promise.withResolvers<void>();
  /** The newest place that listeners know of; undefined while there is no way to the log. */
  #place: Place | undefined;

  /**
   * @param options.reader used for nothing else; its command time-out is longer than `blockMs`.
   * @param options.blockMs how long to wait for an entry before checking that the log is still the same one.
   */
  constructor(options: { log: PushLog; reader: Redis; blockMs: number; logger: Logger }) {
    this.#log = options.log;
    this.#reader = options.reader;
    this.#blockMs = options.blockMs;
    this.#logger = options.logger;
  }

  /** Resolves when the head has been found for the first time. */
  get found(): Promise<void> {
    return this.#found.promise;
  }

  /**
   * @returns the place after which the listener gets everything.
   * @throws PushLogUnavailable
   */
  attach(listener: TailListener): Place {
    if (this.#place === undefined) throw new PushLogUnavailable('its head is being looked for');
    this.#listeners.add(listener);
    return this.#place;
  }

  detach(listener: TailListener): void {
    this.#listeners.delete(listener);
  }

  /** Follows the log until `stop` aborts, then closes the reader. */
  async run(stop: AbortSignal): Promise<void> {
    const disconnect = () => this.#reader.disconnect();
    stop.addEventListener('abort', disconnect, { once: true });
    while (!stop.aborted) {
      try {
        await this.#findHead();
        while (!stop.aborted) await this.#readOnce();
      } catch (error) {
        if (stop.aborted) break;
        this.#lose(error);
        // A connection that answers too late still owes its answer, so it cannot be used again.
        if (this.#reader.status === 'ready') this.#reader.disconnect(true);
        await sleep(retryAfterMs, stop);
      }
    }
    this.#place = undefined;
    disconnect();
  }

  async #findHead(): Promise<void> {
    await this.#reader.ping();
    const { epoch, head } = await readState(this.#log);
    this.#place = { epoch, position: head };
    this.#found.resolve();
  }

  async #readOnce(): Promise<void> {
    const { epoch, position } = this.#known();
    const reply = await this.#reader.callBuffer('XREAD', [
      'COUNT',
      entriesPerRead,
      'BLOCK',
      this.#blockMs,
      'STREAMS',
      this.#log.globalKey,
      formatStreamId(position),
    ]);
    if (reply === null) {
      await this.#checkThatLogIsTheSame();
      return;
    }
    // One stream was asked for: [[key, entries]].
    const [, list] = readList(readList(reply as Reply)[0]);
    const entries = readList(list).map(readEntry);
    const newLife = entries.findIndex((entry) => entry.place.epoch !== epoch);
    const frames = (newLife < 0 ? entries : entries.slice(0, newLife)).map(entryFrame);
    this.#pass(frames);
    if (newLife >= 0) await this.#skipToNewLife();
  }

  /** Heartbeats should have come: either nobody writes them, or entries of another life begin before this place. */
  async #checkThatLogIsTheSame(): Promise<void> {
    const { epoch, position } = this.#known();
    const state = await readState(this.#log);
    if (state.epoch !== epoch || compareStreamIds(state.head, position) < 0) await this.#skipToNewLife();
    else
      this.#logger.warn(
        { waited_ms: this.#blockMs },
        'nothing came through the push log, not even heartbeats',
      );
  }

  async #skipToNewLife(): Promise<void> {
    const { epoch, head } = await readState(this.#log);
    this.#logger.warn({ epoch }, 'the push log began a new life; what was in the old one is gone');
    this.#pass([gapFrame({ epoch, position: head }, 'other_epoch')]);
  }

  #pass(frames: readonly Frame[]): void {
    const last = frames.at(-1);
    if (last === undefined) return;
    this.#place = last.place;
    for (const listener of this.#listeners) listener.frames(frames);
  }

  #lose(error: unknown): void {
    if (this.#place !== undefined) this.#logger.error({ error }, 'push log lost; looking for its head again');
    this.#place = undefined;
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener.lost();
  }

  #known(): Place {
    if (this.#place === undefined) throw new TypeError('the tail reads only after it has found the head');
    return this.#place;
  }
}
