// One client's stream of events, as its gRPC call carries it.
//
//   opening       its subscription is being checked; it can be ended already (a revocation, a drain)
//   catching up   it is written to from its user's log; events that are published meanwhile are held
//   live          events go out as they are published
//
// Guarantees: every event after `lastEventId` is written in order and once, or the stream ends with the reason.
// grpc-js buffers without bound, so it is given one event at a time; the others wait here, bounded in number and
// bytes. A client that is past a bound, or takes nothing for too long, is ended with SLOW_CONSUMER. Nothing here
// waits for a client. Made and kept by PushHub; lib/gateway/push/join.ts brings it up to date.
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { GatewayReason } from '../../errors/gateway-reasons.ts';
import type { SubscribeEventsRequest } from '../../protocol/generated/galaxy/gateway/v1/gateway.ts';
import type { Rejection } from '../domain/envelope-checks.ts';
import { orderAfter } from '../domain/event-order.ts';
import { toGrpcStatus } from '../grpc-status.ts';
import type { SignedEvent } from './signed-event.ts';

/** Carries serialised GatewayEvents. */
export type EventCall = ServerWritableStream<SubscribeEventsRequest, Buffer>;

export type EndReason = GatewayReason | 'client_gone';

/** What is written to a call: an event, or the hello. */
type Outgoing = Pick<SignedEvent, 'bytes' | 'delivery'>;

/** What all streams of a gateway have in common. */
export type StreamKeeper = {
  /** How much may wait for one client, beside the event that is being written. */
  readonly queueEvents: number;
  readonly queueBytes: number;
  ended(stream: EventStream, reason: EndReason): void;
  /** Events are missing between the last one that was written and one that was published. */
  apart(stream: EventStream): void;
};

/** How many checks in a row may find that a client took nothing; see `checkProgress`. */
export const checksUntilStalled = 4;

export class EventStream {
  readonly deviceSessionId: string;
  /** Empty until the session was verified. */
  userId = '';
  /** On the scale of `performance.now()`. */
  readonly startedAt = performance.now();
  /**
   * When the look-up began that found the session active, on the scale of `performance.now()` (a clock that is set
   * changes nothing); whoever verifies it again sets it.
   */
  verifiedAt = this.startedAt;
  readonly #keeper: StreamKeeper;
  readonly #call: EventCall;
  #endReason: EndReason | undefined;
  #over: AbortController | undefined;

  #lastEventId = '';
  /** Events that wait until the stream has caught up; undefined while it is live. */
  #held: SignedEvent[] | undefined = [];
  #heldBytes = 0;
  #missed = false;

  /** An event is with grpc-js, and not with HTTP/2 yet. */
  #writing = false;
  #checksWithoutProgress = 0;
  #queue: Outgoing[] = [];
  #queuedBytes = 0;
  #wake: (() => void) | undefined;
  readonly #onWritten = () => this.#writeNext();

  constructor(call: EventCall, keeper: StreamKeeper) {
    this.deviceSessionId = call.request.deviceSessionId;
    this.#keeper = keeper;
    this.#call = call;
    call.on('cancelled', () => this.#finish('client_gone'));
  }

  get requestId(): string {
    return this.#call.request.requestId;
  }

  /** Why the stream has ended, if it has. */
  get endReason(): EndReason | undefined {
    return this.#endReason;
  }

  /** The last event that was written or waits in the queue, or the place from which the stream began. */
  get lastEventId(): string {
    return this.#lastEventId;
  }

  get live(): boolean {
    return this.#held === undefined;
  }

  /** Events and bytes that wait in the gateway for this client. */
  get waiting(): { events: number; bytes: number } {
    return {
      events: this.#queue.length + (this.#held?.length ?? 0),
      bytes: this.#queuedBytes + this.#heldBytes,
    };
  }

  /** Aborts when the stream ends; for what is asked of others while it is not live. */
  get over(): AbortSignal {
    if (this.#endReason !== undefined) return AbortSignal.abort(new Error('the stream has ended'));
    this.#over ??= new AbortController();
    return this.#over.signal;
  }

  /** Ends the stream with this status, after the event that is being written; what waits is dropped. */
  end(rejection: Rejection): void {
    if (!this.#finish(rejection.reason)) return;
    // Emitting an error is how a grpc-js stream is given its status.
    this.#call.emit('error', toGrpcStatus(rejection));
  }

  /** An event that was just published. */
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
      case 'known':
        break;
      case 'apart':
        this.#keeper.apart(this);
    }
  }

  /** Published events may be missing from now on. A live stream goes back to catching up. */
  miss(): void {
    this.#held = [];
    this.#heldBytes = 0;
    this.#missed = true;
  }

  /** What was published so far is in the page that is asked for next. */
  beginRead(): void {
    this.#held = [];
    this.#heldBytes = 0;
    this.#missed = false;
  }

  /** Writes the hello; what follows begins after `lastEventId`. */
  begin(hello: Buffer, lastEventId: string): void {
    this.#lastEventId = lastEventId;
    this.#write({ bytes: hello });
  }

  /**
   * Writes an event of the user's log.
   * @returns false when events between it and the last one are missing.
   */
  append(event: SignedEvent): boolean {
    const order = orderAfter(event, this.#lastEventId);
    if (order === 'next') this.#append(event);
    return order !== 'apart';
  }

  /** Resolves when the client can be written to and nothing waits for it, or when the stream has ended. */
  async ready(): Promise<void> {
    while (this.#writing && this.#endReason === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /**
   * Ends catching up: writes what is held, and from then on what is published.
   * @returns false when something was missed since the last page was asked for, so that another has to be.
   */
  goLive(): boolean {
    if (this.#missed) return false;
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#heldBytes = 0;
    this.#over = undefined;
    for (const event of held) this.publish(event);
    return true;
  }

  /** To be called at regular intervals: ends the stream when its client took nothing for several of them. */
  checkProgress(): void {
    if (!this.#writing || this.#endReason !== undefined) return;
    this.#checksWithoutProgress += 1;
    if (this.#checksWithoutProgress > checksUntilStalled) this.end(tooSlow('it took nothing for too long'));
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
    this.#queuedBytes += event.bytes.length;
    const { queueEvents, queueBytes } = this.#keeper;
    if (this.#queue.length > queueEvents) this.end(tooSlow(`more than ${queueEvents} events wait for it`));
    else if (this.#queuedBytes > queueBytes) this.end(tooSlow(`more than ${queueBytes} bytes wait for it`));
  }

  /** HTTP/2 has taken the event that was written. */
  #writeNext(): void {
    this.#checksWithoutProgress = 0;
    const next = this.#queue.shift();
    if (next === undefined) {
      this.#writing = false;
      this.#wakeUp();
      return;
    }
    this.#queuedBytes -= next.bytes.length;
    this.#send(next);
  }

  #send({ bytes, delivery }: Outgoing): void {
    this.#call.write(bytes, this.#onWritten);
    delivery?.written();
  }

  #hold(held: SignedEvent[], event: SignedEvent): void {
    held.push(event);
    this.#heldBytes += event.bytes.length;
    // They are in the log, too: past the bound they are read from there.
    const { queueEvents, queueBytes } = this.#keeper;
    if (held.length > queueEvents || this.#heldBytes > queueBytes) this.miss();
  }

  /** @returns false when the stream has ended before. */
  #finish(reason: EndReason): boolean {
    if (this.#endReason !== undefined) return false;
    this.#endReason = reason;
    for (const { delivery } of [...this.#queue, ...(this.#held ?? [])]) delivery?.dropped(reason);
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#held = undefined;
    this.#heldBytes = 0;
    this.#over?.abort(new Error('the stream has ended'));
    this.#over = undefined;
    this.#wakeUp();
    this.#keeper.ended(this, reason);
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
