// Follows the head of the push log for a whole process, and passes new entries as frames to every subscription: one
// blocking read on a connection of its own, however many gateways subscribe.
//
// Guarantees: a listener that attaches at a position gets every later frame of the log, in order and once. When the log
// starts a new epoch, it gets a `gap` frame and then the frames of that epoch. When Redis cannot be read any more,
// listeners are detached and their `lost` is called; the tail then looks for the head until it finds it. It never waits
// for a listener.
import { sleep } from '../../node/sleep.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { compareStreamIds, formatStreamId, type LogPosition } from '../domain/log-position.ts';
import { entryFrame, type Frame, gapFrame } from './frames.ts';
import { readEntry } from './log/entry.ts';
import { type PushLog, PushLogUnavailable, type Reply, readList } from './log/log.ts';
import { readState } from './log/read-global.ts';

/** Even when all have the largest size, fewer bytes than may wait for one gateway (config.ts). */
const entriesPerRead = 100;
const retryAfterMs = 200;

export interface TailListener {
  /** Called in the log's order. Must not block. */
  frames(frames: readonly Frame[]): void;
  /** Later frames will not come; the listener has been detached. */
  lost(): void;
}

/** A connection to Redis, or to the cluster that holds the log. */
export type TailReader = {
  readonly status: string;
  ping(): Promise<unknown>;
  callBuffer(command: string, args: (string | number)[]): Promise<unknown>;
  /** @param reconnect whether to connect again. */
  disconnect(reconnect?: boolean): void;
};

export class PushTail {
  readonly #log: PushLog;
  readonly #reader: TailReader;
  readonly #blockMs: number;
  readonly #logger: Logger;
  readonly #listeners = new Set<TailListener>();
  readonly #found = Promise.withResolvers<void>();
  /** The newest position that was passed to listeners; undefined while the log cannot be read. */
  #position: LogPosition | undefined;

  /**
   * @param options.reader a connection for this alone; its command time-out is longer than `blockMs`.
   * @param options.blockMs how long to wait for an entry before checking that the log still has the same epoch.
   */
  constructor(options: { log: PushLog; reader: TailReader; blockMs: number; logger: Logger }) {
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
   * @returns the position after which the listener gets every frame.
   * @throws PushLogUnavailable
   */
  attach(listener: TailListener): LogPosition {
    if (this.#position === undefined) throw new PushLogUnavailable('its head is not known yet');
    this.#listeners.add(listener);
    return this.#position;
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
        this.#detachAll(error);
        // After a time-out the reply may still come, so the connection cannot be used for another command.
        if (this.#reader.status === 'ready') this.#reader.disconnect(true);
        await sleep(retryAfterMs, stop);
      }
    }
    this.#position = undefined;
    disconnect();
  }

  async #findHead(): Promise<void> {
    await this.#reader.ping();
    const { epoch, head } = await readState(this.#log);
    this.#position = { epoch, id: head };
    this.#found.resolve();
  }

  async #readOnce(): Promise<void> {
    const { epoch, id } = this.#currentPosition();
    const reply = await this.#reader.callBuffer('XREAD', [
      'COUNT',
      entriesPerRead,
      'BLOCK',
      this.#blockMs,
      'STREAMS',
      this.#log.globalKey,
      formatStreamId(id),
    ]);
    if (reply === null) {
      await this.#checkEpoch();
      return;
    }
    // One stream was asked for: [[key, entries]].
    const [, list] = readList(readList(reply as Reply)[0]);
    const entries = readList(list).map(readEntry);
    const newEpoch = entries.findIndex((entry) => entry.position.epoch !== epoch);
    const frames = (newEpoch < 0 ? entries : entries.slice(0, newEpoch)).map(entryFrame);
    this.#pass(frames);
    if (newEpoch >= 0) await this.#skipToNewEpoch();
  }

  /** Heartbeats should have come: either no process writes them, or the log has a new epoch with lower ids. */
  async #checkEpoch(): Promise<void> {
    const { epoch, id } = this.#currentPosition();
    const state = await readState(this.#log);
    if (state.epoch !== epoch || compareStreamIds(state.head, id) < 0) await this.#skipToNewEpoch();
    else
      this.#logger.warn({ waited_ms: this.#blockMs }, 'the push log has no new entries, not even heartbeats');
  }

  async #skipToNewEpoch(): Promise<void> {
    const { epoch, head } = await readState(this.#log);
    this.#logger.warn({ epoch }, 'the push log has a new epoch; the entries of the old one are lost');
    this.#pass([gapFrame({ epoch, id: head }, 'other_epoch')]);
  }

  #pass(frames: readonly Frame[]): void {
    const last = frames.at(-1);
    if (last === undefined) return;
    this.#position = last.position;
    for (const listener of this.#listeners) listener.frames(frames);
  }

  #detachAll(error: unknown): void {
    if (this.#position !== undefined)
      this.#logger.error({ error }, 'push log cannot be read; looking for its head again');
    this.#position = undefined;
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener.lost();
  }

  #currentPosition(): LogPosition {
    if (this.#position === undefined) throw new TypeError('the tail must find the head before it reads');
    return this.#position;
  }
}
