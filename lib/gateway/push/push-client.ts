// The gateway's client of the push service: one long-lived galaxy.push.v1.Push/SubscribePush, and ReadUserEvents for
// streams that catch up.
//
// Guarantees: from the first frame on until `run` returns, the listener gets every frame of the log in order and at
// least once, or `gap` before the next frame. The cursor is that of the last handled frame and is in memory only: a
// gateway that restarts has no streams, so it begins at the log's head. A subscription that ends, or that is silent
// although its connection is open, is opened again on a new connection with that cursor. A malformed frame never ends
// a subscription; the listener gets `gap` or `eventLost` for it, by whom the frame may have concerned. Frames are
// handled as they are read, so HTTP/2 flow control slows the server down when the gateway is slow. Composed by
// workers/gateway.ts.
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type ClientDuplexStream, Metadata, type StatusObject, status } from '@grpc/grpc-js';
import type { ListenAddress } from '../../config/types.ts';
import { sleep } from '../../node/sleep.ts';
import {
  type ClientEvent,
  type Heartbeat,
  PushService,
  type ReadUserEventsResponse,
  type SessionInvalidation,
  type SubscribePushRequest,
} from '../../protocol/generated/galaxy/push/v1/push.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { pushFrameSkipped, pushReconnected } from '../instruments.ts';
import { backoffMs } from './backoff.ts';
import { openPushChannel, pushTarget, spreadLifetimeMs } from './push-channel.ts';
import { type PushFrame, readFrame } from './push-frame.ts';
import { PushReads } from './push-reads.ts';

/** How often the push service writes a heartbeat through its log. */
export const heartbeatIntervalMs = 5_000;

/** After three missed heartbeats the subscription counts as dead, even if its connection is open. */
export const silentAfterMs = 3 * heartbeatIntervalMs;

/** How long reads use one channel, so that they spread over replicas that were added. */
const readChannelMs = 30_000;

/** The same for the subscription. It resumes at its cursor, so nothing is missed. */
const subscriptionMs = 30 * 60_000;

/** Its methods must not block: the next frame waits for them. */
export type PushListener = {
  clientEvent(event: ClientEvent): void;
  sessionInvalidation(invalidation: SessionInvalidation): void;
  /** Frames may be missing before the next one. */
  gap(reason: string): void;
  /** An event of this user cannot be used, and their next event may not reveal that it is missing. */
  eventLost(userId: string): void;
};

export type PushState = {
  /** Whether the open subscription, or the one that it renews, has received a frame. */
  readonly connected: boolean;
  /** Since when, Unix time in milliseconds. */
  readonly since: number;
  /** When the last frame of any kind arrived, Unix time in milliseconds. */
  readonly lastFrameAt: number | undefined;
  /** How old the last heartbeat was when it arrived, by the clock of Redis. */
  readonly heartbeatDelayMs: number | undefined;
  /** Age of the newest position of the log that was read; normally up to the interval of heartbeats. */
  readonly behindMs: number;
  /** How many subscriptions were opened after one that failed; renewals do not count. */
  readonly reconnects: number;
  /** Frames that could not be used. */
  readonly skippedFrames: number;
};

type Subscription = ClientDuplexStream<SubscribePushRequest, PushFrame>;
type Ending = {
  readonly status: StatusObject;
  readonly receivedFrame: boolean;
  /** Why this end cancelled it, if it did. */
  readonly cancelled: 'silent' | 'renewal' | 'stop' | undefined;
};

export class PushClient {
  readonly #target: string;
  readonly #metadata = new Metadata();
  readonly #gatewayId: string;
  readonly #silentAfterMs: number;
  readonly #subscriptionMs: number;
  readonly #log: Logger;
  readonly #reads: PushReads;
  #cursor = '';
  #reconnects = 0;
  #connected = false;
  #since = Date.now();
  #lastFrameAt: number | undefined;
  #heartbeatDelayMs: number | undefined;
  /** From the clock of Redis to `performance.now()`; learnt again by each subscription, as Redis may be replaced. */
  #redisBehindMs = Number.POSITIVE_INFINITY;
  #coveredUntil = performance.now();
  #skippedFrames = 0;

  /**
   * @param options.gatewayId names this process in the push service's log: 1 to 64 of `A-Z a-z 0-9 _ . -`.
   * @param options.timeoutMs of one ReadUserEvents.
   * @param options.readChannelMs how long reads use one channel, give or take a fifth.
   * @param options.subscriptionMs how long a subscription stays on one connection, give or take a fifth.
   * @param options.silentAfterMs how long the subscription may be silent before it is opened again.
   */
  constructor(options: {
    addr: ListenAddress;
    token: string | undefined;
    gatewayId: string;
    timeoutMs: number;
    log: Logger;
    silentAfterMs?: number;
    readChannelMs?: number;
    subscriptionMs?: number;
  }) {
    this.#target = pushTarget(options.addr);
    if (options.token !== undefined) this.#metadata.set('authorization', `Bearer ${options.token}`);
    this.#gatewayId = options.gatewayId;
    this.#silentAfterMs = options.silentAfterMs ?? silentAfterMs;
    this.#subscriptionMs = options.subscriptionMs ?? subscriptionMs;
    this.#log = options.log.child({ push: this.#target });
    this.#reads = new PushReads({
      target: this.#target,
      metadata: this.#metadata,
      timeoutMs: options.timeoutMs,
      lifetimeMs: options.readChannelMs ?? readChannelMs,
    });
  }

  get state(): PushState {
    return {
      connected: this.#connected,
      since: this.#since,
      lastFrameAt: this.#lastFrameAt,
      heartbeatDelayMs: this.#heartbeatDelayMs,
      behindMs: performance.now() - this.#coveredUntil,
      reconnects: this.#reconnects,
      skippedFrames: this.#skippedFrames,
    };
  }

  /**
   * Everything that was appended to the log before this moment, on the scale of `performance.now()`, has been handled
   * or reported as a gap. It is the time of the newest heartbeat. While old frames are being read it lies far back,
   * however fast they arrive.
   */
  get coveredUntil(): number {
    return this.#coveredUntil;
  }

  /** Subscribes, again whenever the subscription ends, until `stop` aborts. Never rejects. Call it once. */
  async run(listener: PushListener, stop: AbortSignal): Promise<void> {
    for (let failures = 0; !stop.aborted; ) {
      const ending = await this.#subscribe(listener, stop);
      failures = ending.receivedFrame ? 0 : failures + 1;
      if (stop.aborted) break;
      if (ending.cancelled === 'renewal') continue;
      const pauseMs = backoffMs(failures, Math.random());
      this.#report(ending, failures, pauseMs);
      await sleep(pauseMs, stop);
      if (stop.aborted) break;
      this.#reconnects += 1;
      pushReconnected();
    }
    this.#setConnected(false);
    this.#reads.close();
  }

  /**
   * Reads one page of a user's events after one of them; the proto file says how to read the next page.
   * @param afterEventId empty: read only the head.
   * @throws PushReadError, which is a RejectedError; when `signal` aborts, its reason.
   */
  readUserEvents(userId: string, afterEventId: string, signal: AbortSignal): Promise<ReadUserEventsResponse> {
    return this.#reads.read({ userId, afterEventId }, signal);
  }

  /** One subscription, from its opening to its status. */
  async #subscribe(listener: PushListener, stop: AbortSignal): Promise<Ending> {
    this.#redisBehindMs = Number.POSITIVE_INFINITY;
    // A new connection each time: the old one may be why the subscription was silent.
    const client = openPushChannel(this.#target);
    const { path, requestSerialize } = PushService.subscribePush;
    const call: Subscription = client.makeBidiStreamRequest(
      path,
      requestSerialize,
      readFrame,
      this.#metadata,
    );
    let receivedFrame = false;
    let cancelled: Ending['cancelled'];
    const cancel = (why: Ending['cancelled']) => {
      cancelled ??= why;
      call.cancel();
    };
    const silence = setTimeout(() => cancel('silent'), this.#silentAfterMs);
    const renewal = setTimeout(() => cancel('renewal'), spreadLifetimeMs(this.#subscriptionMs));
    const onStop = () => cancel('stop');
    stop.addEventListener('abort', onStop, { once: true });
    const atHead = this.#cursor === '';
    const onFrame = (frame: PushFrame) => {
      silence.refresh();
      if (!receivedFrame) {
        receivedFrame = true;
        this.#begin(listener, atHead);
      }
      this.#handle(frame, listener);
    };
    call.on('data', onFrame);
    // The `status` event reports the same.
    call.on('error', () => {});
    const ended = new Promise<StatusObject>((resolve) => call.on('status', resolve));
    call.write({ gatewayId: this.#gatewayId, cursor: this.#cursor });
    try {
      return { status: await ended, receivedFrame, cancelled };
    } finally {
      // What the call still holds comes again after the cursor.
      call.off('data', onFrame);
      clearTimeout(silence);
      clearTimeout(renewal);
      stop.removeEventListener('abort', onStop);
      if (cancelled !== 'renewal') this.#setConnected(false);
      client.close();
    }
  }

  #begin(listener: PushListener, atHead: boolean): void {
    this.#setConnected(true);
    this.#log.info({ at_head: atHead, reconnects: this.#reconnects }, 'push subscription open');
    // Streams that were opened before this moment may have missed entries.
    if (atHead) this.#guarded(listener, () => listener.gap('the subscription began at the head of the log'));
  }

  #handle({ cursor, event, problem, missedBy }: PushFrame, listener: PushListener): void {
    this.#lastFrameAt = Date.now();
    if (problem !== undefined) {
      this.#skippedFrames += 1;
      pushFrameSkipped();
      this.#log.error({ cursor, problem }, 'a frame of the push service cannot be used and is skipped');
    }
    this.#guarded(listener, () => {
      if (missedBy === 'everyone') listener.gap('a frame cannot be used');
      else if (missedBy !== undefined) listener.eventLost(missedBy.userId);
      else this.#dispatch(event, listener);
    });
    if (cursor !== '') this.#cursor = cursor;
  }

  #dispatch(event: PushFrame['event'], listener: PushListener): void {
    switch (event?.$case) {
      case 'clientEvent':
        listener.clientEvent(event.value);
        break;
      case 'sessionInvalidation':
        listener.sessionInvalidation(event.value);
        break;
      case 'gap':
        this.#log.warn({ reason: event.value.reason }, 'the push log cannot be read on from the cursor');
        listener.gap(event.value.reason);
        break;
      case 'heartbeat':
        this.#cover(event.value);
        break;
    }
  }

  /** The log is covered up to the moment at which this heartbeat was written. */
  #cover({ timestampMs, ageMs }: Heartbeat): void {
    const now = performance.now();
    const writtenMs = Number(timestampMs);
    // An older push service sends no age. Until it is replaced, the clocks of both machines are compared.
    const sentMs = writtenMs + (ageMs === undefined ? Math.max(Date.now() - writtenMs, 0) : Number(ageMs));
    // The heartbeat that was the fastest on its way says how the monotonic clock here and that of Redis compare. So one
    // that waited on the way, after it was sent with its age, is not taken for younger than it is.
    this.#redisBehindMs = Math.min(this.#redisBehindMs, now - sentMs);
    const writtenAt = writtenMs + this.#redisBehindMs;
    this.#heartbeatDelayMs = Math.round(now - writtenAt);
    this.#coveredUntil = Math.max(this.#coveredUntil, writtenAt);
  }

  /** A frame that could not be handled counts as a gap. */
  #guarded(listener: PushListener, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#log.error({ error }, 'a frame of the push service could not be handled');
      listener.gap('a frame could not be handled');
    }
  }

  #setConnected(connected: boolean): void {
    if (this.#connected === connected) return;
    this.#connected = connected;
    this.#since = Date.now();
  }

  #report({ status: { code, details }, cancelled }: Ending, failures: number, pauseMs: number): void {
    const facts = { status: status[code], details, failures, retry_in_ms: Math.round(pauseMs) };
    if (cancelled === 'silent') {
      this.#log.warn({ ...facts, silent_ms: this.#silentAfterMs }, 'push subscription was silent; reopening');
    } else if (code === status.UNAUTHENTICATED || code === status.PERMISSION_DENIED) {
      this.#log.error(
        facts,
        'the push service refuses the token; GATEWAY_UPSTREAM_TOKEN must be the token of a caller in its BACKEND_PUSH_GRPC_CALLERS that has events.read',
      );
    } else {
      this.#log.warn(facts, 'push subscription ended; reopening');
    }
  }
}

/** A name for this process: its host and a random suffix, since one host may run several gateways. */
export function newGatewayId(host = hostname()): string {
  const cleaned = host.replaceAll(/[^A-Za-z0-9_.-]/g, '-').slice(0, 48) || 'gateway';
  return `${cleaned}-${randomBytes(4).toString('hex')}`;
}
