// Both ends of a gateway's event streams without a network: clients that take events when the test says so,
// and a push log whose pages are read and returned when the test says so.
import type { StatusObject } from '@grpc/grpc-js';
import type { Rejection } from '../../../lib/gateway/domain/rejection.ts';
import type { ReadUserEvents } from '../../../lib/gateway/push/catch-up.ts';
import { messageOf } from '../../../lib/gateway/push/event-frame.ts';
import type { EventSink } from '../../../lib/gateway/push/event-sink.ts';
import type { EventStream } from '../../../lib/gateway/push/event-stream.ts';
import { type HubLimits, PushHub } from '../../../lib/gateway/push/hub.ts';
import { GatewayEvent } from '../../../lib/protocol/generated/galaxy/gateway/v1/gateway.ts';
import type {
  ClientEvent,
  ReadUserEventsResponse,
} from '../../../lib/protocol/generated/galaxy/push/v1/push.ts';
import { ErrorInfo } from '../../../lib/protocol/generated/google/rpc/error_details.ts';
import { Status } from '../../../lib/protocol/generated/google/rpc/status.ts';
import { recordingLog } from '../run/log-lines.ts';

/** A client as PushHub sees it. */
export class FakeSink implements EventSink {
  readonly subscription: { deviceSessionId: string; requestId: string };
  readonly written: GatewayEvent[] = [];
  /** Why it ended, if it did. */
  reason: string | undefined;
  /** Of the RetryInfo with which it ended; undefined without one. */
  retryAfterMs: number | undefined;
  /** When the hub ended it, on the scale of `performance.now()`. */
  endedAt: number | undefined;
  #taken = 0;
  #onTaken: (() => void) | undefined;
  #offered = 0;
  #gone: (() => void) | undefined;

  constructor(deviceSessionId: string) {
    this.subscription = { deviceSessionId, requestId: 'request' };
  }

  register(hub: PushHub): EventStream {
    return hub.register(this.subscription, this);
  }

  write(frame: Buffer, onTaken: () => void): void {
    if (this.#onTaken !== undefined) throw new Error('written to before the last event was taken');
    if (this.reason !== undefined) throw new Error('written to after its end');
    this.written.push(GatewayEvent.decode(messageOf(frame)));
    this.#onTaken = onTaken;
    this.#offered = frame.length;
  }

  end({ reason, retryAfterMs }: Rejection): void {
    this.endedAt = performance.now();
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }

  onGone(gone: () => void): void {
    this.#gone = gone;
  }

  bytesTaken(): number {
    return this.#taken;
  }

  /** The network takes what was written. @returns whether there was something. */
  take(): boolean {
    const onTaken = this.#onTaken;
    this.#onTaken = undefined;
    this.#taken += this.#offered;
    this.#offered = 0;
    onTaken?.();
    return onTaken !== undefined;
  }

  /** The network takes a part of what was written, not all of it. */
  takePart(): void {
    this.#taken += 1;
    this.#offered -= 1;
  }

  takeAll(): void {
    while (this.take());
  }

  gone(): void {
    this.reason ??= 'client_gone';
    this.#gone?.();
  }

  get hello(): { resumed: boolean; last_event_id: string; server_time_ms: number } {
    return JSON.parse(this.written[0]?.payloadBytes.toString('utf8') ?? 'null');
  }

  get eventIds(): string[] {
    return this.written.slice(1).map(({ eventId }) => eventId);
  }
}

export function reasonOf(status: Partial<StatusObject>): string {
  const info = detailOf(status, 'google.rpc.ErrorInfo');
  return info === undefined ? '' : ErrorInfo.decode(info).reason;
}

function detailOf({ metadata }: Partial<StatusObject>, type: string): Uint8Array | undefined {
  const bytes = metadata?.get('grpc-status-details-bin')[0];
  if (!(bytes instanceof Uint8Array)) return undefined;
  return Status.decode(bytes).details.find(({ typeUrl }) => typeUrl.endsWith(`/${type}`))?.value;
}

export type PendingRead = {
  /** Reads the page now, once. */
  readPage(): void;
  /** Returns the page. */
  respond(): void;
};

/** One user's events, with the ids and pages of the real log. */
export class FakeUserLog {
  readonly userId: string;
  readonly reads: PendingRead[] = [];
  readonly pageEvents: number;
  #epoch = 0;
  #position = 0;
  events: ClientEvent[] = [];
  #floor = 0;

  constructor(userId: string, pageEvents = 3) {
    this.userId = userId;
    this.pageEvents = pageEvents;
  }

  append(): ClientEvent {
    this.#position += 1;
    const event: ClientEvent = {
      eventId: this.#id(this.#position),
      prevEventId: this.events.at(-1)?.eventId ?? '',
      recipientUserId: this.userId,
      eventType: 'lobby.application.approved',
      timestampMs: 1_764_000_000_000n,
      payloadBytes: Buffer.from('{}'),
      traceparent: '',
    };
    this.events.push(event);
    return event;
  }

  /** An event of another user. */
  advance(): void {
    this.#position += 1;
  }

  /** All data is lost, and the log starts a new epoch. */
  startNewEpoch(): void {
    this.#epoch += 1;
    this.#position = 0;
    this.#floor = 0;
    this.events = [];
  }

  /** Everything so far is out of reach; events remember their predecessors. */
  trim(): void {
    this.#floor = this.#position;
  }

  get head(): string {
    return this.events.at(-1)?.eventId ?? this.#id(this.#position);
  }

  page(after: string): ReadUserEventsResponse {
    const [epoch = '', position = ''] = after.split('-');
    const at = Number.parseInt(position, 36);
    if (epoch !== this.#epochName() || at < this.#floor || at > this.#position) {
      return { found: false, events: [], headEventId: this.head };
    }
    const events = this.events.filter(({ eventId }) => eventId > after).slice(0, this.pageEvents);
    return { found: true, events, headEventId: this.head };
  }

  /** The test returns the page, in `reads`. */
  readonly read: ReadUserEvents = (_userId, after, signal) =>
    new Promise((resolve, reject) => {
      let page: ReadUserEventsResponse | undefined;
      const read: PendingRead = {
        readPage: () => {
          page ??= this.page(after);
        },
        respond: () => {
          this.reads.splice(this.reads.indexOf(read), 1);
          resolve(page ?? this.page(after));
        },
      };
      this.reads.push(read);
      signal.addEventListener('abort', () => {
        if (this.reads.includes(read)) this.reads.splice(this.reads.indexOf(read), 1);
        reject(signal.reason);
      });
    });

  #epochName(): string {
    return `elife${this.#epoch}`;
  }

  #id(position: number): string {
    return `${this.#epochName()}-${position.toString(36).padStart(9, '0')}-0000000`;
  }
}

export const wideLimits: HubLimits = {
  queueEvents: 256,
  queueBytes: 1024 * 1024,
  stallTimeoutMs: 30_000,
  maxStreamsPerSession: 2,
  maxStreamsPerUser: 16,
};

export function createTestHub(
  readUserEvents: ReadUserEvents,
  limits: Partial<HubLimits> = {},
): { hub: PushHub; signatures: () => number; lines: ReturnType<typeof recordingLog>['lines'] } {
  let signatures = 0;
  const signer = {
    keyId: '0123456789abcdef',
    sign: () => {
      signatures += 1;
      return Buffer.alloc(64, 7);
    },
  };
  const { log, lines } = recordingLog();
  const hub = new PushHub({
    limits: { ...wideLimits, ...limits },
    signer,
    readUserEvents,
    now: () => 1_764_000_000_000,
    log,
  });
  return { hub, signatures: () => signatures, lines };
}

/** Lets everything that can go on go on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
