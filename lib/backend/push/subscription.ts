// One gateway's subscription: from its cursor through the log to its head, then live.
//
//   catching up   pages are read from the log as fast as the gateway takes them, so being far behind costs nothing
//   joining       attached to the tail, whose frames wait in the queue while the rest up to that point is read
//   live          frames come through the queue; those that were read already are dropped by their place
//
// Guarantees: every frame after the cursor, in order and once, or a `gap` frame where frames may be missing. A slow
// gateway is held back by HTTP/2 flow control: grpc-js itself buffers without bound, so nothing is written before it
// asks for more. Past the limits the subscription ends with RESOURCE_EXHAUSTED; others never notice.
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { bytesTakenOfCall, Progress } from '../../node/http2-progress.ts';
import type { SubscribePushRequest } from '../../protocol/generated/galaxy/push/v1/push.ts';
import { comparePositions, decodeCursor, type Place } from '../domain/push-ids.ts';
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
  /** How long a gateway may take nothing at all while something waits for it. */
  stallTimeoutMs: number;
};

export type SubscriptionCall = ServerDuplexStream<SubscribePushRequest, Buffer>;

export class PushSubscription implements TailListener {
  readonly #log: PushLog;
  readonly #tail: PushTail;
  readonly #limits: SubscriptionLimits;
  readonly #call: SubscriptionCall;
  readonly #bytesTaken: () => number;
  readonly #over = new AbortController();
  readonly #queue: Frame[] = [];
  #queuedBytes = 0;
  #wake: () => void = () => {};

  constructor(deps: { log: PushLog; tail: PushTail; limits: SubscriptionLimits }, call: SubscriptionCall) {
    this.#log = deps.log;
    this.#tail = deps.tail;
    this.#limits = deps.limits;
    this.#call = call;
    this.#bytesTaken = bytesTakenOfCall(call);
    call.on('drain', () => this.#wake());
  }

  /** Aborts when the subscription ends; its reason is the status. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /**
   * Serves the gateway until the subscription ends, which is always by an error.
   * @param cursor as the gateway sent it; empty begins at the head.
   * @throws PushStatus, PushLogUnavailable
   */
  async run(cursor: string): Promise<never> {
    let place = await this.#begin(cursor);
    place = await this.#readOn(place, (page) => page.entries.length < pageEntries);
    const joined = this.#tail.attach(this);
    if (!reaches(place, joined)) place = await this.#readOn(place, (_, now) => reaches(now, joined));
    for (;;) {
      const frame = await this.#nextFrame();
      if (!follows(place, frame)) continue;
      await this.#write(frame);
      place = frame.place;
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

  async #begin(cursor: string): Promise<Place> {
    const place = decodeCursor(cursor);
    if (place !== undefined) return place;
    const { epoch, head } = await readState(this.#log);
    const start = { epoch, position: head };
    await this.#write(cursor === '' ? startFrame(start) : gapFrame(start, 'malformed'));
    return start;
  }

  async #readOn(from: Place, done: (page: GlobalPage, place: Place) => boolean): Promise<Place> {
    let place = from;
    for (;;) {
      const page = await readGlobal(this.#log, place, pageEntries);
      if (page.fault !== undefined) {
        place = { epoch: page.state.epoch, position: page.state.head };
        await this.#write(gapFrame(place, page.fault));
      }
      for (const entry of page.entries) {
        await this.#write(entryFrame(entry));
        place = entry.place;
      }
      if (done(page, place)) return place;
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

  /** Returns when the gateway may be sent more. */
  async #write(frame: Frame): Promise<void> {
    this.over.throwIfAborted();
    if (this.#call.write(frame.bytes)) return;
    const { stallTimeoutMs } = this.#limits;
    const progress = new Progress();
    const check = () => {
      const stalledMs = progress.stalledMs(this.#bytesTaken(), true, performance.now());
      if (stalledMs >= stallTimeoutMs) this.end(tooSlow(`it took nothing for ${stallTimeoutMs} ms`));
    };
    check();
    const looks = setInterval(check, Math.max(1, stallTimeoutMs / 4));
    try {
      while (this.#call.writableNeedDrain) {
        await this.#woken();
        this.over.throwIfAborted();
      }
    } finally {
      clearInterval(looks);
    }
  }

  /** Resolves when frames came, the gateway took something, or the subscription was ended. */
  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** Whether reading has come to the point from which the tail's frames go on; the tail tells of a new epoch itself. */
function reaches(place: Place, joined: Place): boolean {
  return place.epoch !== joined.epoch || comparePositions(place.position, joined.position) >= 0;
}
