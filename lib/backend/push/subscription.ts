// One gateway's subscription: it reads the log from the gateway's cursor to the head, then follows the tail.
//
//   catching up   reads pages from the log as fast as the gateway takes them, so that being far behind costs no memory
//   joining       attaches to the tail, whose frames queue up while the rest up to that position is read
//   live          takes frames from the queue; frames that were read from the log already are dropped by position
//
// Guarantees: the gateway gets every frame after the cursor, in order and once, or a `gap` frame where frames may be
// missing. HTTP/2 flow control slows a subscription down to its gateway: grpc-js itself buffers without bound, so
// nothing is written before it asks for more. Past the limits the subscription ends with RESOURCE_EXHAUSTED; other
// gateways are not affected.
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { SubscribePushRequest } from '../../protocol/generated/galaxy/push/v1/push.ts';
import { compareStreamIds, decodeCursor, type LogPosition } from '../domain/log-position.ts';
import { entryFrame, type Frame, follows, gapFrame, startFrame } from './frames.ts';
import type { PushLog } from './log/log.ts';
import { type GlobalPage, readGlobal, readState } from './log/read-global.ts';
import { logUnavailable, type PushStatus, tooSlow } from './status.ts';
import type { PushTail, TailListener } from './tail.ts';

const pageEntries = 200;

export type SubscriptionLimits = {
  /** Frames and bytes that may wait for one gateway. */
  queueFrames: number;
  queueBytes: number;
  /** How long a gateway may read nothing at all while frames wait for it. */
  stallTimeoutMs: number;
};

export type SubscriptionCall = ServerDuplexStream<SubscribePushRequest, Buffer>;

export class PushSubscription implements TailListener {
  readonly #log: PushLog;
  readonly #tail: PushTail;
  readonly #limits: SubscriptionLimits;
  readonly #call: SubscriptionCall;
  readonly #over = new AbortController();
  readonly #queue: Frame[] = [];
  #queuedBytes = 0;
  #wake: () => void = () => {};

  constructor(deps: { log: PushLog; tail: PushTail; limits: SubscriptionLimits }, call: SubscriptionCall) {
    this.#log = deps.log;
    this.#tail = deps.tail;
    this.#limits = deps.limits;
    this.#call = call;
    call.on('drain', () => this.#wake());
  }

  /** Aborts when the subscription ends; its reason is the PushStatus. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /**
   * Serves the gateway until the subscription ends, which is always with an error.
   * @param cursor as the gateway sent it; an empty one begins at the head.
   * @throws PushStatus, PushLogUnavailable
   */
  async run(cursor: string): Promise<never> {
    let position = await this.#begin(cursor);
    position = await this.#catchUp(position, (page) => page.entries.length < pageEntries);
    const joined = this.#tail.attach(this);
    if (!reaches(position, joined))
      position = await this.#catchUp(position, (_, now) => reaches(now, joined));
    for (;;) {
      const frame = await this.#nextFrame();
      if (!follows(position, frame)) continue;
      await this.#write(frame);
      position = frame.position;
    }
  }

  /** Ends the subscription from outside: `run` throws this status. */
  end(reason: PushStatus): void {
    this.#tail.detach(this);
    this.#queue.length = 0;
    this.#over.abort(reason);
    this.#wake();
  }

  frames(frames: readonly Frame[]): void {
    const { queueFrames, queueBytes } = this.#limits;
    for (const frame of frames) {
      this.#queue.push(frame);
      this.#queuedBytes += frame.bytes.length;
    }
    if (this.#queue.length > queueFrames) this.end(tooSlow(`more than ${queueFrames} frames wait for it`));
    else if (this.#queuedBytes > queueBytes) this.end(tooSlow(`more than ${queueBytes} bytes wait for it`));
    else this.#wake();
  }

  lost(): void {
    this.end(logUnavailable());
  }

  async #begin(cursor: string): Promise<LogPosition> {
    const position = decodeCursor(cursor);
    if (position !== undefined) return position;
    const { epoch, head } = await readState(this.#log);
    const start = { epoch, id: head };
    await this.#write(cursor === '' ? startFrame(start) : gapFrame(start, 'malformed'));
    return start;
  }

  async #catchUp(
    from: LogPosition,
    done: (page: GlobalPage, position: LogPosition) => boolean,
  ): Promise<LogPosition> {
    let position = from;
    for (;;) {
      const page = await readGlobal(this.#log, position, pageEntries);
      if (page.fault !== undefined) {
        position = { epoch: page.state.epoch, id: page.state.head };
        await this.#write(gapFrame(position, page.fault));
      }
      for (const entry of page.entries) {
        await this.#write(entryFrame(entry));
        position = entry.position;
      }
      if (done(page, position)) return position;
    }
  }

  async #nextFrame(): Promise<Frame> {
    for (;;) {
      this.over.throwIfAborted();
      const frame = this.#queue.shift();
      if (frame !== undefined) {
        this.#queuedBytes -= frame.bytes.length;
        return frame;
      }
      await this.#woken();
    }
  }

  /** Resolves when the gateway may be sent more. */
  async #write(frame: Frame): Promise<void> {
    this.over.throwIfAborted();
    if (this.#call.write(frame.bytes)) return;
    const { stallTimeoutMs } = this.#limits;
    const stalled = setTimeout(
      () => this.end(tooSlow(`it read nothing for ${stallTimeoutMs} ms`)),
      stallTimeoutMs,
    );
    try {
      while (this.#call.writableNeedDrain) {
        await this.#woken();
        this.over.throwIfAborted();
      }
    } finally {
      clearTimeout(stalled);
    }
  }

  /** Resolves when frames arrived, the gateway took some, or the subscription ended. */
  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/**
 * Whether reading has reached the position after which the tail's frames follow; the tail reports a new epoch itself.
 */
function reaches(position: LogPosition, joined: LogPosition): boolean {
  return position.epoch !== joined.epoch || compareStreamIds(position.id, joined.id) >= 0;
}
