// All event streams of this gateway, by user and by device session. The hub applies the push log to them: it delivers
// each event to every stream of its user, ends the streams of revoked sessions, and refills streams after a gap.
//
// Guarantees: one serialisation and one signature per event, and none for users without a stream; a user's events are
// delivered in the order of the log; no stream waits for another. A stream is registered by its device session before
// the session is looked up, so no revocation is missed in between. After a gap every stream is refilled from its
// user's log, or ended. The hub stores no events: those of a user without a stream are in the log only.
// Composed by workers/gateway.ts.
import type { SubscribeEventsRequest } from '../../protocol/generated/galaxy/gateway/v1/gateway.ts';
import type { ClientEvent } from '../../protocol/generated/galaxy/push/v1/push.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { sessionRevoked } from '../commands/sessions.ts';
import { pauseMs, reconnectAfterMs } from '../domain/reconnect-spread.ts';
import { RejectedError, type Rejection } from '../domain/rejection.ts';
import {
  type CatchUpDeps,
  join,
  type ReadUserEvents,
  refill,
  resync,
  type Subscription,
} from './catch-up.ts';
import { CatchUpSlots } from './catch-up-slots.ts';
import type { EventSink } from './event-sink.ts';
import { type EndReason, EventStream, type StreamOwner } from './event-stream.ts';
import { type EventSigner, signEvent } from './signed-event.ts';

/** Streams that catch up concurrently: those that join, and those that are refilled after a gap. */
const joinsAtATime = 8;
const refillsAtATime = 8;
/** How long a stream may wait for its turn. */
const maxJoinWaitMs = 5_000;
const maxRefillWaitMs = 30_000;
const progressChecks = 4;
const drainStepMs = 50;

export type HubLimits = {
  /** How much may be queued for one client, in addition to the event that is being written. */
  queueEvents: number;
  queueBytes: number;
  /** How long a client may read nothing while events are queued for it. */
  stallTimeoutMs: number;
  maxStreamsPerSession: number;
  maxStreamsPerUser: number;
};

/** Called when streams open, end and receive events, for metrics. Must be cheap and not throw. */
export type HubObserver = {
  streamOpened(): void;
  streamEnded(reason: EndReason): void;
  /** @param streams how many streams the user of the event has. */
  published(event: ClientEvent, streams: number): void;
};

export class PushHub {
  readonly #limits: HubLimits;
  readonly #signer: EventSigner;
  readonly #joinDeps: CatchUpDeps;
  readonly #refillDeps: CatchUpDeps;
  readonly #log: Logger;
  readonly #observer: HubObserver | undefined;
  readonly #owner: StreamOwner;
  readonly #bySession = new Map<string, Set<EventStream>>();
  readonly #byUser = new Map<string, Set<EventStream>>();
  readonly #progressTimer: NodeJS.Timeout;
  #open = 0;
  /** Streams that catch up, and the most of them since there were none. */
  #catchingUp = 0;
  #mostCatchingUp = 0;
  #draining = false;

  /** @param options.now the gateway's clock, Unix time in milliseconds. */
  constructor(options: {
    limits: HubLimits;
    signer: EventSigner;
    readUserEvents: ReadUserEvents;
    now: () => number;
    log: Logger;
    observer?: HubObserver;
  }) {
    const { limits, signer, readUserEvents, now } = options;
    this.#limits = limits;
    this.#signer = signer;
    this.#log = options.log;
    this.#observer = options.observer;
    this.#joinDeps = { signer, readUserEvents, now, slots: new CatchUpSlots(joinSlots) };
    this.#refillDeps = { signer, readUserEvents, now, slots: new CatchUpSlots(refillSlots) };
    this.#owner = {
      ...limits,
      ended: (stream, reason) => this.#forget(stream, reason),
      gap: (stream) => void this.#refill(stream),
    };
    const checkEveryMs = Math.max(1, Math.floor(limits.stallTimeoutMs / progressChecks));
    this.#progressTimer = setInterval(() => this.#checkProgress(), checkEveryMs).unref();
  }

  /** How many streams are open. */
  get size(): number {
    return this.#open;
  }

  /** The open streams. Their sessions have been verified. */
  *streams(): Iterable<EventStream> {
    for (const streams of this.#byUser.values()) yield* streams;
  }

  /**
   * Registers a subscription before it is checked, so that a revocation of the device session that it names ends it.
   * @throws RejectedError DRAINING
   */
  register(
    subscription: Pick<SubscribeEventsRequest, 'deviceSessionId' | 'requestId'>,
    sink: EventSink,
  ): EventStream {
    if (this.#draining) throw new RejectedError(draining(1, 0));
    const stream = new EventStream(subscription, sink, this.#owner);
    addTo(this.#bySession, stream.deviceSessionId, stream);
    return stream;
  }

  /**
   * Opens a stream whose session was verified as the user's: it gets the hello, the events that it missed, and then
   * every new event of the user. When the session or the user has too many streams, the oldest is ended. Returns when
   * the stream has caught up or ended.
   * @throws RejectedError RESYNC, RATE_LIMITED when too many streams catch up, or UPSTREAM_UNAVAILABLE when the user's
   * log cannot be read.
   */
  async open(stream: EventStream, userId: string, subscription: Subscription): Promise<void> {
    if (stream.endReason !== undefined) return;
    stream.userId = userId;
    const ofUser = addTo(this.#byUser, userId, stream);
    this.#open += 1;
    this.#observer?.streamOpened();
    const { maxStreamsPerSession, maxStreamsPerUser } = this.#limits;
    const ofSession = [...ofUser].filter((other) => other.deviceSessionId === stream.deviceSessionId);
    if (ofSession.length > maxStreamsPerSession) ofSession[0]?.end(superseded('session'));
    if (ofUser.size > maxStreamsPerUser) [...ofUser][0]?.end(superseded('user'));

    const { resumed } = await this.#join(stream, subscription);
    if (stream.endReason === undefined) this.#log.info({ ...describe(stream), resumed }, 'stream opened');
  }

  /** Delivers an event to every stream of its user; does nothing for a user without one. Never blocks. */
  publish(event: ClientEvent): void {
    const streams = this.#byUser.get(event.recipientUserId);
    if (streams !== undefined) {
      const signed = signEvent(this.#signer, event, true);
      for (const stream of streams) stream.publish(signed);
    }
    this.#observer?.published(event, streams?.size ?? 0);
  }

  /** Ends the streams of a device session, including those that are still being opened. */
  revokeSession(deviceSessionId: string): void {
    for (const stream of this.#bySession.get(deviceSessionId) ?? []) stream.end(sessionRevoked);
  }

  /**
   * To be called when events may be missing before the next one that is published: refills every stream from its user's
   * log after the last event that was written to it, or ends it with RESYNC. Refills a few at a time; returns at once.
   */
  resync(): void {
    // Every subscription begins with a gap; at a gateway's start there is nothing to refill.
    const level = this.#open === 0 ? 'debug' : 'warn';
    this.#log[level]({ streams: this.#open }, 'refilling streams: events may have been missed');
    for (const stream of this.streams()) this.#refillSoon(stream);
  }

  /** The same for one user, when an event of theirs is known to be missing. */
  resyncUser(userId: string): void {
    for (const stream of this.#byUser.get(userId) ?? []) this.#refillSoon(stream);
  }

  /**
   * Refuses new streams from now on, and ends the open streams one after the other, spread over the given time.
   * Returns when all have ended.
   */
  async drain(spreadMs: number): Promise<void> {
    this.#draining = true;
    const streams = [...this.#bySession.values()].flatMap((ofSession) => [...ofSession]);
    const all = streams.length;
    const startedAt = performance.now();
    while (streams.length > 0) {
      const leftMs = Math.max(0, startedAt + spreadMs - performance.now());
      const steps = Math.ceil(leftMs / drainStepMs) + 1;
      for (const stream of streams.splice(0, Math.ceil(streams.length / steps)))
        stream.end(draining(all, spreadMs));
      if (streams.length > 0) await new Promise((resolve) => setTimeout(resolve, drainStepMs));
    }
    clearInterval(this.#progressTimer);
  }

  /** A stream that is already catching up reads another page at its end. */
  #refillSoon(stream: EventStream): void {
    if (stream.live) void this.#refill(stream);
    else stream.markMissed();
  }

  async #refill(stream: EventStream): Promise<void> {
    stream.markMissed();
    await this.#catchUp(async () => {
      try {
        await refill(stream, this.#refillDeps);
      } catch (error) {
        if (stream.endReason !== undefined) return;
        this.#log.warn({ ...describe(stream), error }, 'a stream could not be refilled');
        stream.end(this.#resync());
      }
    });
  }

  async #join(stream: EventStream, subscription: Subscription): Promise<{ resumed: boolean }> {
    return this.#catchUp(async () => {
      try {
        return await join(stream, subscription, this.#joinDeps);
      } catch (error) {
        const isResync = error instanceof RejectedError && error.rejection.reason === 'RESYNC';
        throw isResync ? new RejectedError(this.#resync()) : error;
      }
    });
  }

  #resync(): Rejection {
    return { ...resync, retryAfterMs: reconnectAfterMs(this.#mostCatchingUp) };
  }

  /** Counts those that catch up: when one of them ends with RESYNC, as many others may end with it. */
  async #catchUp<T>(work: () => Promise<T>): Promise<T> {
    this.#catchingUp += 1;
    this.#mostCatchingUp = Math.max(this.#mostCatchingUp, this.#catchingUp);
    try {
      return await work();
    } finally {
      this.#catchingUp -= 1;
      if (this.#catchingUp === 0) this.#mostCatchingUp = 0;
    }
  }

  #checkProgress(): void {
    const now = performance.now();
    for (const stream of this.streams()) stream.checkProgress(now);
  }

  #forget(stream: EventStream, reason: EndReason): void {
    removeFrom(this.#bySession, stream.deviceSessionId, stream);
    if (!removeFrom(this.#byUser, stream.userId, stream)) return;
    this.#open -= 1;
    this.#observer?.streamEnded(reason);
    const lasted_ms = Math.round(performance.now() - stream.startedAt);
    this.#log.info({ ...describe(stream), reason, lasted_ms }, 'stream ended');
  }
}

function describe(stream: EventStream): object {
  return {
    request_id: stream.requestId,
    device_session_id: stream.deviceSessionId,
    user_id: stream.userId,
  };
}

function addTo(index: Map<string, Set<EventStream>>, key: string, stream: EventStream): Set<EventStream> {
  const streams = index.get(key) ?? new Set();
  index.set(key, streams.add(stream));
  return streams;
}

function removeFrom(index: Map<string, Set<EventStream>>, key: string, stream: EventStream): boolean {
  const streams = index.get(key);
  const removed = streams?.delete(stream) ?? false;
  if (streams?.size === 0) index.delete(key);
  return removed;
}

const joinSlots = {
  slots: joinsAtATime,
  longestWaitMs: maxJoinWaitMs,
  refusal: (allServedMs: number) =>
    new RejectedError({
      reason: 'RATE_LIMITED',
      message: 'Many streams catch up at this gateway at the moment; open the stream again later.',
      retryAfterMs: pauseMs(allServedMs),
    }),
};

const refillSlots = {
  slots: refillsAtATime,
  longestWaitMs: maxRefillWaitMs,
  refusal: () => new Error(`no slot to refill the stream was free within ${maxRefillWaitMs} ms`),
};

function draining(streams: number, spreadMs: number): Rejection {
  return {
    reason: 'DRAINING',
    message: 'This gateway is stopping; open the stream again with the last event’s id.',
    retryAfterMs: reconnectAfterMs(streams, spreadMs),
  };
}

function superseded(owner: 'session' | 'user'): Rejection {
  return {
    reason: 'SUPERSEDED',
    message: `A newer stream replaced this one: one ${owner} has too many streams.`,
  };
}
