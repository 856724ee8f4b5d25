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
import {
  Client,
  type ClientDuplexStream,
  type ClientOptions,
  credentials,
  Metadata,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import type { ListenAddress } from '../../config/types.ts';
import { sleep } from '../../node/sleep.ts';
import {
  type ClientEvent,
  PushService,
  type ReadUserEventsResponse,
  type SessionInvalidation,
  type SubscribePushRequest,
} from '../../protocol/generated/galaxy/push/v1/push.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { RejectedError } from '../domain/rejection.ts';
import { pushFrameSkipped, pushReconnected } from '../instruments.ts';
import { backoffMs } from './backoff.ts';
import { type PushFrame, readFrame, readUserEventsResponse } from './push-frame.ts';

/** How often the push service writes a heartbeat through its log. */
export const heartbeatIntervalMs = 5_000;

/** After three missed heartbeats the subscription counts as dead, even if its connection is open. */
export const silentAfterMs = 3 * heartbeatIntervalMs;

const channelOptions: ClientOptions = {
  // A page of events has about 1 MiB; the server sends no larger message than this.
  'grpc.max_receive_message_length': 4 * 1024 * 1024,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.keepalive_permit_without_calls': 1,
  // Each channel has connections of its own. gRPC's pauses between attempts are shorter than those of this client.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 1_000,
  'grpc.enable_retries': 0,
  // Events come from the configured address only: proxies in the environment and TXT records are ignored.
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.enable_channelz': 0,
};

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
  /** Whether the open subscription has received a frame. */
  readonly connected: boolean;
  /** Since when, Unix time in milliseconds. */
  readonly since: number;
  /** When the last frame of any kind arrived, Unix time in milliseconds. */
  readonly lastFrameAt: number | undefined;
  /** How long the last heartbeat took from the log to the gateway, by the clocks of both. */
  readonly heartbeatDelayMs: number | undefined;
  /** Age of the newest position of the log that was read; normally up to the interval of heartbeats. */
  readonly behindMs: number;
  /** How many subscriptions were opened after the first. */
  readonly reconnects: number;
  /** Frames that could not be used. */
  readonly skippedFrames: number;
};

/** ReadUserEvents failed. As a rejection it is UPSTREAM_UNAVAILABLE; its cause says what happened. */
export class PushReadError extends RejectedError {
  /** Whether another attempt may succeed; false after a malformed response. */
  readonly retryable: boolean;

  constructor(why: string, options: { retryable: boolean; cause?: unknown }) {
    super(
      {
        reason: 'UPSTREAM_UNAVAILABLE',
        message: 'Events cannot be read at the moment; try again later.',
      },
      { cause: new Error(`push: ${why}`, { cause: options.cause }) },
    );
    this.name = 'PushReadError';
    this.retryable = options.retryable;
  }
}

type Subscription = ClientDuplexStream<SubscribePushRequest, PushFrame>;
type Ending = { readonly status: StatusObject; readonly receivedFrame: boolean; readonly silent: boolean };

export class PushClient {
  readonly #target: string;
  readonly #metadata = new Metadata();
  readonly #gatewayId: string;
  readonly #timeoutMs: number;
  readonly #silentAfterMs: number;
  readonly #log: Logger;
  /** Has a connection of its own, so that flow control of the subscription never delays reads. */
  readonly #reads: Client;
  #cursor = '';
  #attempts = 0;
  #connected = false;
  #since = Date.now();
  #lastFrameAt: number | undefined;
  #heartbeatDelayMs: number | undefined;
  #coveredUntil = performance.now();
  #skippedFrames = 0;

  /**
   * @param options.gatewayId names this process in the push service's log: 1 to 64 of `A-Z a-z 0-9 _ . -`.
   * @param options.timeoutMs of one ReadUserEvents.
   * @param options.silentAfterMs how long the subscription may be silent before it is opened again.
   */
  constructor(options: {
    addr: ListenAddress;
    token: string | undefined;
    gatewayId: string;
    timeoutMs: number;
    log: Logger;
    silentAfterMs?: number;
  }) {
    const { host, port } = options.addr;
    this.#target = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    if (options.token !== undefined) this.#metadata.set('authorization', `Bearer ${options.token}`);
    this.#gatewayId = options.gatewayId;
    this.#timeoutMs = options.timeoutMs;
    this.#silentAfterMs = options.silentAfterMs ?? silentAfterMs;
    this.#log = options.log.child({ push: this.#target });
    this.#reads = this.#connect();
  }

  get state(): PushState {
    return {
      connected: this.#connected,
      since: this.#since,
      lastFrameAt: this.#lastFrameAt,
      heartbeatDelayMs: this.#heartbeatDelayMs,
      behindMs: performance.now() - this.#coveredUntil,
      reconnects: Math.max(this.#attempts - 1, 0),
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
      const pauseMs = backoffMs(failures, Math.random());
      this.#report(ending, failures, pauseMs);
      await sleep(pauseMs, stop);
    }
    this.#reads.close();
  }

  /**
   * Reads one page of a user's events after one of them; the proto file says how to read the next page.
   * @param afterEventId empty: read only the head.
   * @throws PushReadError, which is a RejectedError; when `signal` aborts, its reason.
   */
  readUserEvents(userId: string, afterEventId: string, signal: AbortSignal): Promise<ReadUserEventsResponse> {
    const { path, requestSerialize } = PushService.readUserEvents;
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const call = this.#reads.makeUnaryRequest(
        path,
        requestSerialize,
        readUserEventsResponse,
        { userId, afterEventId },
        this.#metadata,
        { deadline: Date.now() + this.#timeoutMs },
        (error, response) => {
          signal.removeEventListener('abort', cancel);
          if (signal.aborted) reject(signal.reason);
          else if (error !== null) reject(callFailed(error));
          else if (response === undefined || typeof response === 'string') {
            reject(new PushReadError(`unusable response: ${response}`, { retryable: false }));
          } else if (response.events.some((event) => event.recipientUserId !== userId)) {
            reject(new PushReadError('unusable response: events of another user', { retryable: false }));
          } else resolve(response);
        },
      );
      const cancel = () => call.cancel();
      signal.addEventListener('abort', cancel, { once: true });
    });
  }

  /** One subscription, from its opening to its status. */
  async #subscribe(listener: PushListener, stop: AbortSignal): Promise<Ending> {
    this.#attempts += 1;
    if (this.#attempts > 1) pushReconnected();
    // A new connection each time: the old one may be why the subscription was silent.
    const client = this.#connect();
    const { path, requestSerialize } = PushService.subscribePush;
    const call: Subscription = client.makeBidiStreamRequest(
      path,
      requestSerialize,
      readFrame,
      this.#metadata,
    );
    let receivedFrame = false;
    let silent = false;
    const silence = setTimeout(() => {
      silent = true;
      call.cancel();
    }, this.#silentAfterMs);
    const cancel = () => call.cancel();
    stop.addEventListener('abort', cancel, { once: true });
    const atHead = this.#cursor === '';
    call.on('data', (frame: PushFrame) => {
      silence.refresh();
      if (!receivedFrame) {
        receivedFrame = true;
        this.#begin(listener, atHead);
      }
      this.#handle(frame, listener);
    });
    // The `status` event reports the same.
    call.on('error', () => {});
    const ended = new Promise<StatusObject>((resolve) => call.on('status', resolve));
    call.write({ gatewayId: this.#gatewayId, cursor: this.#cursor });
    try {
      return { status: await ended, receivedFrame, silent };
    } finally {
      clearTimeout(silence);
      stop.removeEventListener('abort', cancel);
      this.#setConnected(false);
      client.close();
    }
  }

  #begin(listener: PushListener, atHead: boolean): void {
    this.#setConnected(true);
    this.#log.info({ at_head: atHead, reconnects: this.#attempts - 1 }, 'push subscription open');
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
      case 'heartbeat': {
        const delayMs = Date.now() - Number(event.value.timestampMs);
        this.#heartbeatDelayMs = delayMs;
        const writtenAt = performance.now() - Math.max(delayMs, 0);
        this.#coveredUntil = Math.max(this.#coveredUntil, writtenAt);
        break;
      }
    }
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

  #connect(): Client {
    return new Client(this.#target, credentials.createInsecure(), channelOptions);
  }

  #setConnected(connected: boolean): void {
    if (this.#connected === connected) return;
    this.#connected = connected;
    this.#since = Date.now();
  }

  #report({ status: { code, details }, silent }: Ending, failures: number, pauseMs: number): void {
    const facts = { status: status[code], details, failures, retry_in_ms: Math.round(pauseMs) };
    if (silent) {
      this.#log.warn({ ...facts, silent_ms: this.#silentAfterMs }, 'push subscription was silent; reopening');
    } else if (code === status.UNAUTHENTICATED) {
      this.#log.error(
        facts,
        'the push service refuses the token; GATEWAY_UPSTREAM_TOKEN must be its BACKEND_PUSH_GRPC_TOKEN',
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

function callFailed(error: StatusObject): PushReadError {
  // The request itself is invalid, so another attempt fails, too.
  const retryable = error.code !== status.INVALID_ARGUMENT;
  return new PushReadError(`${status[error.code]}: ${error.details}`, { retryable, cause: error });
}
