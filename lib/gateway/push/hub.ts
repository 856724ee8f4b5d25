// All event streams of this gateway, by user and by device session. What the push log says goes through here: events
// to every stream of their user, revocations, gaps.
//
// Guarantees: one serialisation and one signature per event, and nothing at all for users without a stream; the order
// of a user's events is the log's; no stream waits for another. A stream is known by its device session before that
// is looked up, so that no revocation falls between. After a gap every stream is refilled from its user's log, or
// ended. Holds no events: those of a user without a stream are in the log alone. Composed by workers/gateway.ts.
import { Semaphore } from '../../node/semaphore.ts';
import type { ClientEvent } from '../../protocol/generated/galaxy/push/v1/push.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Rejection } from '../domain/envelope-checks.ts';
import { RejectedError } from '../rejected-error.ts';
import {
  checksUntilStalled,
  type EndReason,
  type EventCall,
  EventStream,
  type StreamKeeper,
} from './event-stream.ts';
import { type JoinDeps, join, type ReadUserEvents, refill, type Subscription } from './join.ts';
import { type EventSigner, signEvent } from './signed-event.ts';

/** Pages that are read at a time to refill streams after a gap. */
const refillsAtATime = 16;
/** How long a stream may wait for its turn. */
const refillPatienceMs = 30_000;
const drainStepMs = 50;

export type HubLimits = {
  /** What may wait for one client, beside the event that is being written. */
  queueEvents: number;
  queueBytes: number;
  /** How long a client may take nothing while something waits for it. */
  stallTimeoutMs: number;
  maxStreamsPerSession: number;
  maxStreamsPerUser: number;
};

/** Told of what happens to streams, for metrics. Must be cheap and not throw. */
export type HubObserver = {
  streamOpened(): void;
  streamEnded(reason: EndReason): void;
  /** @param streams how many streams the user of the event has. */
  published(event: ClientEvent, streams: number): void;
};

export class PushHub {
  readonly #limits: HubLimits;
  readonly #signer: EventSigner;
  readonly #joinDeps: JoinDeps;
  readonly #refillDeps: JoinDeps;
  readonly #log: Logger;
  readonly #observer: HubObserver | undefined;
  readonly #keeper: StreamKeeper;
  readonly #bySession = new Map<string, Set<EventStream>>();
  readonly #byUser = new Map<string, Set<EventStream>>();
  readonly #progressTimer: NodeJS.Timeout;
  #open = 0;
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
    this.#joinDeps = { signer, readUserEvents, now };
    this.#refillDeps = { signer, readUserEvents: inTurns(readUserEvents), now };
    this.#keeper = {
      queueEvents: limits.queueEvents,
      queueBytes: limits.queueBytes,
      ended: (stream, reason) => this.#forget(stream, reason),
      apart: (stream) => void this.#refill(stream),
    };
    const checkEveryMs = Math.max(1, Math.floor(limits.stallTimeoutMs / checksUntilStalled));
    this.#progressTimer = setInterval(() => this.#checkProgress(), checkEveryMs).unref();
  }

  /** How many streams are open. */
  get size(): number {
    return this.#open;
  }

  /** The open streams, whose sessions have been verified. */
  *streams(): Iterable<EventStream> {
    for (const streams of this.#byUser.values()) yield* streams;
  }

  /**
   * Takes a call in before anything is known of it, so that a revocation of the device session that it names ends it.
   * @throws RejectedError DRAINING
   */
  register(call: EventCall): EventStream {
    if (this.#draining) throw new RejectedError(draining);
    const stream = new EventStream(call, this.#keeper);
    addTo(this.#bySession, stream.deviceSessionId, stream);
    return stream;
  }

  /**
   * Opens a stream whose session was verified as the user's: it gets the hello, what it missed, and then every event
   * of the user. Streams that are too many for the session or the user give way, the oldest first. Returns when the
   * stream has caught up or ended.
   * @throws RejectedError RESYNC, or UPSTREAM_UNAVAILABLE when the user's log cannot be read.
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

    const { resumed } = await join(stream, subscription, this.#joinDeps);
    if (stream.endReason === undefined) this.#log.info({ ...describe(stream), resumed }, 'stream opened');
  }

  /** Passes an event on to every stream of its user; does nothing at all for a user without one. Never blocks. */
  publish(event: ClientEvent): void {
    const streams = this.#byUser.get(event.recipientUserId);
    if (streams !== undefined) {
      const signed = signEvent(this.#signer, event, true);
      for (const stream of streams) stream.publish(signed);
    }
    this.#observer?.published(event, streams?.size ?? 0);
  }

  /** Ends the streams of a device session, those that are just being opened alike. */
  revokeDeviceSession(deviceSessionId: string): void {
    for (const stream of this.#bySession.get(deviceSessionId) ?? []) stream.end(revoked);
  }

  /** Ends the streams of these sessions of a user. */
  revokeAllForUser(userId: string, deviceSessionIds: readonly string[]): void {
    for (const id of deviceSessionIds) this.revokeDeviceSession(id);
    this.#log.debug({ user_id: userId, sessions: deviceSessionIds.length }, 'sessions of a user revoked');
  }

  /**
   * Events may be missing before the next one that is published: refills every stream from its user's log after the
   * last event that was written to it, or ends it with RESYNC. A few at a time; returns at once.
   */
  resync(): void {
    // Every subscription begins with it; at a gateway's start there is nothing to refill.
    const level = this.#open === 0 ? 'debug' : 'warn';
    this.#log[level]({ streams: this.#open }, 'refilling streams: events may have been missed');
    for (const stream of this.streams()) this.#refillSoon(stream);
  }

  /** The same for one user, of whom an event is known to be missing. */
  resyncUser(userId: string): void {
    for (const stream of this.#byUser.get(userId) ?? []) this.#refillSoon(stream);
  }

  /**
   * Refuses new streams from now on, and ends those that are open one after the other within the time.
   * Returns when all have been told.
   */
  async drain(spreadMs: number): Promise<void> {
    this.#draining = true;
    const streams = [...this.#bySession.values()].flatMap((ofSession) => [...ofSession]);
    const startedAt = performance.now();
    while (streams.length > 0) {
      const leftMs = Math.max(0, startedAt + spreadMs - performance.now());
      const steps = Math.ceil(leftMs / drainStepMs) + 1;
      for (const stream of streams.splice(0, Math.ceil(streams.length / steps))) stream.end(draining);
      if (streams.length > 0) await new Promise((resolve) => setTimeout(resolve, drainStepMs));
    }
    clearInterval(this.#progressTimer);
  }

  /** One that is catching up already reads another page at its end. */
  #refillSoon(stream: EventStream): void {
    if (stream.live) void this.#refill(stream);
    else stream.miss();
  }

  async #refill(stream: EventStream): Promise<void> {
    stream.miss();
    try {
      await refill(stream, this.#refillDeps);
    } catch (error) {
      if (stream.endReason !== undefined) return;
      this.#log.warn({ ...describe(stream), error }, 'a stream could not be refilled');
      stream.end(resync);
    }
  }

  #checkProgress(): void {
    for (const stream of this.streams()) stream.checkProgress();
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

/** So that many streams that are refilled at once do not ask all at once, nor wait for ever. */
function inTurns(read: ReadUserEvents): ReadUserEvents {
  const slots = new Semaphore(refillsAtATime);
  return (userId, afterEventId, signal) => {
    const askedAt = performance.now();
    return slots.run(async () => {
      signal.throwIfAborted();
      if (performance.now() - askedAt > refillPatienceMs) {
        throw new Error(`its turn to be refilled did not come within ${refillPatienceMs} ms`);
      }
      return read(userId, afterEventId, signal);
    });
  };
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

const revoked: Rejection = {
  reason: 'SESSION_REVOKED',
  message: 'This device session was revoked; sign in again.',
};

const draining: Rejection = {
  reason: 'DRAINING',
  message: 'This gateway is stopping; open the stream again with the last event’s id.',
};

const resync: Rejection = {
  reason: 'RESYNC',
  message: 'The stream cannot be continued without a hole; open it again with the last event’s id.',
};

function superseded(owner: 'session' | 'user'): Rejection {
  return { reason: 'SUPERSEDED', message: `A newer stream took this one’s place: too many of one ${owner}.` };
}
