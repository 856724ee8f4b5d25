// One client's stream of events, whatever transport carries it.
//
//   opening       its subscription is being checked; it can already be ended (by a revocation or a drain)
//   catching up   it receives events from its user's log; events that are published in that time are held
//   live          it receives events as they are published
//
// Guarantees: every event after `lastEventId` is written in order and once, or the stream ends with a reason.
// Transports buffer without bound, so they get one event at a time; the others are queued here, bounded in number and
// bytes. The stream of a client that exceeds a bound, or reads nothing for too long, ends with SLOW_CONSUMER. Nothing
// here waits for a client. PushHub creates and owns streams; lib/gateway/push/catch-up.ts lets them catch up.
import type { GatewayReason } from '../../errors/gateway-reasons.ts';
import { Progress } from '../../node/http2-progress.ts';
import type { SubscribeEventsRequest } from '../../protocol/generated/galaxy/gateway/v1/gateway.ts';
import { orderAfter } from '../domain/event-order.ts';
import type { Rejection } from '../domain/rejection.ts';
import type { EventSink } from './event-sink.ts';
import type { SignedEvent } from './signed-event.ts';

export type EndReason = GatewayReason | 'client_gone';

/** A message that is written to a client: an event, or the hello. */
type Outgoing = Pick<SignedEvent, 'frame' | 'delivery'>;

/** The hub, as its streams see it. */
export type StreamOwner = {
  /** How much may be queued for one client, in addition to the event that is being written. */
  readonly queueEvents: number;
  readonly queueBytes: number;
  /** How long a client may take nothing while something is written to it. */
  readonly stallTimeoutMs: number;
  ended(stream: EventStream, reason: EndReason): void;
  /** Events are missing between the last one that was written and one that was published. */
  gap(stream: EventStream): void;
};

export class EventStream {
  readonly deviceSessionId: string;
  readonly requestId: string;
  /** Empty until the session was verified. */
  userId = '';
  /** On the scale of `performance.now()`. */
  readonly startedAt = performance.now();
  /**
   * When the look-up began that last found the session active, on the scale of `performance.now()`, which changes of
   * the system clock do not affect. SessionVerification updates it.
   */
  verifiedAt = this.startedAt;
  readonly #owner: StreamOwner;
  readonly #sink: EventSink;
  readonly #progress = new Progress();
  #endReason: EndReason | undefined;
  #endController: AbortController | undefined;

  #lastEventId = '';
  /** Events that are held until the stream has caught up; undefined while it is live. */
  #held: SignedEvent[] | undefined = [];
  #heldBytes = 0;
  #missed = false;

  /** The sink has an event that the network has not taken yet. */
  #writing = false;
  #queue: Outgoing[] = [];
  #queuedBytes = 0;
  #wake: (() => void) | undefined;
  readonly #onWritten = (error?: Error | null) => {
    if (!error) this.#writeNext();
  };

  constructor(
    { deviceSessionId, requestId }: Pick<SubscribeEventsRequest, 'deviceSessionId' | 'requestId'>,
    sink: EventSink,
    owner: StreamOwner,
  ) {
    this.deviceSessionId = deviceSessionId;
    this.requestId = requestId;
    this.#owner = owner;
    this.#sink = sink;
    sink.onGone(() => this.#finish('client_gone'));
  }

  /** Why the stream has ended, if it has. */
  get endReason(): EndReason | undefined {
    return this.#endReason;
  }

  /** The last event that was written or queued, or the position at which the stream began. */
  get lastEventId(): string {
    return this.#lastEventId;
  }

  get live(): boolean {
    return this.#held === undefined;
  }

  /** Events and bytes that are queued or held for this client. */
  get waiting(): { events: number; bytes: number } {
    return {
      events: this.#queue.length + (this.#held?.length ?? 0),
      bytes: this.#queuedBytes + this.#heldBytes,
    };
  }

  /** Aborts when the stream ends; for calls to other services while the stream is not live. */
  get endSignal(): AbortSignal {
    if (this.#endReason !== undefined) return AbortSignal.abort(new Error('the stream has ended'));
    this.#endController ??= new AbortController();
    return this.#endController.signal;
  }

  /** Ends the stream with this status, after the event that is being written; queued events are dropped. */
  end(rejection: Rejection): void {
    if (this.#finish(rejection.reason)) this.#sink.end(rejection);
  }

  /** Delivers an event that was just published. */
  publish(event: SignedEvent): void {
    if (this.#endReason !== undefined) return;
    if (this.#held !== undefined) {
      this.#hold(this.#held, event);
      return;
    }
    switch (orderAfter(event, this.#lastEventId)) {
      case 'next':
        this.#append(event);
        break;
      case 'duplicate':
        break;
      case 'gap':
        this.#owner.gap(this);
    }
  }

  /** Records that published events may be missing from now on. A live stream goes back to catching up. */
  markMissed(): void {
    this.#held = [];
    this.#heldBytes = 0;
    this.#missed = true;
  }

  /** To be called before a page is read: the page holds every event that was published so far. */
  beginRead(): void {
    this.#held = [];
    this.#heldBytes = 0;
    this.#missed = false;
  }

  /** Writes the hello; the first event is the one after `lastEventId`. */
  begin(hello: Buffer, lastEventId: string): void {
    this.#lastEventId = lastEventId;
    this.#write({ frame: hello });
  }

  /**
   * Writes an event of the user's log.
   * @returns false when events between it and the last one are missing.
   */
  append(event: SignedEvent): boolean {
    const order = orderAfter(event, this.#lastEventId);
    if (order === 'next') this.#append(event);
    return order !== 'gap';
  }

  /** Resolves when the client has taken every event that was written, or when the stream has ended. */
  async ready(): Promise<void> {
    while (this.#writing && this.#endReason === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /**
   * Ends catching up: writes the held events, and from then on events as they are published.
   * @returns false when events may have been missed since the last page was requested; another page must be read.
   */
  goLive(): boolean {
    if (this.#missed) return false;
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#heldBytes = 0;
    this.#endController = undefined;
    for (const event of held) this.publish(event);
    return true;
  }

  /** To be called at intervals: ends the stream when its client took nothing for the time-out. */
  checkProgress(now: number): void {
    if (this.#endReason !== undefined) return;
    const stalledMs = this.#progress.stalledMs(this.#sink.bytesTaken(), this.#writing, now);
    if (stalledMs >= this.#owner.stallTimeoutMs) this.end(tooSlow('it read nothing for too long'));
  }

  #append(event: SignedEvent): void {
    this.#lastEventId = event.id;
    this.#write(event);
  }

  #write(event: Outgoing): void {
    if (!this.#writing) {
      this.#writing = true;
      this.#send(event);
      return;
    }
    this.#queue.push(event);
    this.#queuedBytes += event.frame.length;
    const { queueEvents, queueBytes } = this.#owner;
    if (this.#queue.length > queueEvents) this.end(tooSlow(`more than ${queueEvents} events are queued`));
    else if (this.#queuedBytes > queueBytes) this.end(tooSlow(`more than ${queueBytes} bytes are queued`));
  }

  /** The network has taken the event that was written. */
  #writeNext(): void {
    const next = this.#queue.shift();
    if (next === undefined) {
      this.#writing = false;
      this.#wakeUp();
      return;
    }
    this.#queuedBytes -= next.frame.length;
    this.#send(next);
  }

  #send({ frame, delivery }: Outgoing): void {
    this.#sink.write(frame, this.#onWritten);
    delivery?.written();
  }

  #hold(held: SignedEvent[], event: SignedEvent): void {
    held.push(event);
    this.#heldBytes += event.frame.length;
    // Held events are also in the log: past the bound they are read from there.
    const { queueEvents, queueBytes } = this.#owner;
    if (held.length > queueEvents || this.#heldBytes > queueBytes) this.markMissed();
  }

  /** @returns false when the stream had already ended. */
  #finish(reason: EndReason): boolean {
    if (this.#endReason !== undefined) return false;
    this.#endReason = reason;
    for (const { delivery } of [...this.#queue, ...(this.#held ?? [])]) delivery?.dropped(reason);
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#held = undefined;
    this.#heldBytes = 0;
    this.#endController?.abort(new Error('the stream has ended'));
    this.#endController = undefined;
    this.#wakeUp();
    this.#owner.ended(this, reason);
    return true;
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

function tooSlow(bound: string): Rejection {
  return {
    reason: 'SLOW_CONSUMER',
    message: `The client reads more slowly than events arrive (${bound}); open the stream again with the last event’s id.`,
  };
}
