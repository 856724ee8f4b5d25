// Follows a player's events: opens a stream, verifies every message, and opens the stream again with the last event's
// id when it ends, unless the reason says that another attempt is useless.
//
// Guarantees: the caller gets every event in order and once, with its signature and its position in the chain of
// prev_event_id verified; or a hello with `resumed: false`, which says that events may be missing, so the caller must
// reload the state that it built from them. When the caller reads slowly the gateway queues events, and past a bound it
// ends the stream, which is then opened again. docs/events.md describes the protocol.
import { type KeyObject, verify } from 'node:crypto';
import { type ClientReadableStream, status } from '@grpc/grpc-js';
import { gatewayReasons } from '../errors/gateway-reasons.ts';
import { eventBytes, helloBytes } from '../protocol/envelope.ts';
import type { GatewayEvent } from '../protocol/generated/galaxy/gateway/v1/gateway.ts';
import { GatewayError } from './gateway-error.ts';
import { sha256 } from './sha256.ts';

/** A stream was opened. */
export type Hello = {
  kind: 'hello';
  /** Whether every event after the requested id follows. If not, reload the state that you show. */
  resumed: boolean;
  /** Where to resume if this stream delivers no event. */
  lastEventId: string;
  serverTimeMs: number;
};

export type PlayerEvent = {
  kind: 'event';
  eventType: string;
  eventId: string;
  timestampMs: number;
  traceId: string;
  payload: Record<string, unknown>;
};

export type FollowOptions = {
  /** The last event that was handled, also by an earlier run; without it the stream begins with the next event. */
  lastEventId?: string;
  /** Ends following. */
  signal?: AbortSignal;
};

/** The client functions that `followEvents` uses. */
export type EventSource = {
  userId: string;
  /** Signs a subscription and opens its stream. */
  subscribe(lastEventId: string | undefined): OpenedStream;
  serverKey(keyId: string): Promise<KeyObject>;
};

export type OpenedStream = {
  call: ClientReadableStream<GatewayEvent>;
  /** SHA-256 of the subscription's signed bytes. */
  requestHash: Uint8Array;
};

/** Events are missing between two that were received; the next stream delivers them. */
class GapError extends Error {}

const firstPauseMs = 200;
const longestPauseMs = 30_000;
/** A stream that lasted this long counts as a success, however it ended. */
const stableMs = 10_000;

/**
 * Follows the events until `signal` aborts or the caller leaves the loop.
 * @throws GatewayError when its reason says not to retry, and Error when a message does not have a valid signature.
 */
export async function* followEvents(
  source: EventSource,
  options: FollowOptions = {},
): AsyncGenerator<Hello | PlayerEvent, void> {
  const { signal } = options;
  let { lastEventId } = options;
  for (let failures = 0; !signal?.aborted; failures += 1) {
    const openedAt = performance.now();
    let retryAfterMs = 0;
    try {
      for await (const item of readStream(source, lastEventId, signal)) {
        yield item;
        // The caller has handled an item when it asks for the next one.
        lastEventId = item.kind === 'hello' ? item.lastEventId : item.eventId;
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (!isRetryable(error)) throw error;
      if (error instanceof GatewayError) retryAfterMs = error.retryAfterMs;
    }
    if (performance.now() - openedAt > stableMs) failures = 0;
    // Full jitter, as thousands of clients may have lost the same gateway.
    const boundMs = Math.min(firstPauseMs * 2 ** failures, longestPauseMs);
    await sleep(Math.max(retryAfterMs, Math.random() * boundMs), signal);
  }
}

/** One stream, from its hello to its end. */
async function* readStream(
  source: EventSource,
  lastEventId: string | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<Hello | PlayerEvent, void> {
  const { call, requestHash } = source.subscribe(lastEventId);
  const cancel = () => call.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  // The loop receives errors while it waits. An error after the loop is its own cancellation.
  call.on('error', () => {});
  try {
    let last: string | undefined;
    let isFirst = false;
    for await (const message of call as AsyncIterable<GatewayEvent>) {
      if (last === undefined) {
        const hello = readHello(message, requestHash, await source.serverKey(message.keyId));
        last = hello.lastEventId;
        isFirst = true;
        yield hello;
        continue;
      }
      const event = readEvent(message, source.userId, await source.serverKey(message.keyId));
      // Only a player's very first event has no event before it.
      const follows = message.prevEventId === last || (isFirst && message.prevEventId === '');
      if (!follows)
        throw new GapError(
          `${message.eventId} follows ${message.prevEventId}, but the last event was ${last}`,
        );
      last = message.eventId;
      isFirst = false;
      yield event;
    }
  } catch (error) {
    throw isServiceError(error) ? new GatewayError(error) : error;
  } finally {
    signal?.removeEventListener('abort', cancel);
    call.cancel();
  }
}

function readHello(message: GatewayEvent, requestHash: Uint8Array, key: KeyObject): Hello {
  if (message.eventType !== 'gateway.hello')
    throw new Error(`the stream began with ${message.eventType} instead of gateway.hello`);
  const payload = readSigned(message, helloBytes({ ...message, requestHash }), key);
  const { resumed, last_event_id: lastEventId, server_time_ms: serverTimeMs } = payload;
  if (typeof resumed !== 'boolean' || typeof lastEventId !== 'string' || typeof serverTimeMs !== 'number') {
    throw new Error('the hello of the stream lacks a field');
  }
  return { kind: 'hello', resumed, lastEventId, serverTimeMs };
}

function readEvent(message: GatewayEvent, userId: string, key: KeyObject): PlayerEvent {
  const payload = readSigned(message, eventBytes(message), key);
  if (message.recipientUserId !== userId) throw new Error(`${message.eventId} is an event of another player`);
  const { eventType, eventId, traceId } = message;
  return { kind: 'event', eventType, eventId, timestampMs: Number(message.timestampMs), traceId, payload };
}

/** @throws Error unless the gateway signed exactly these bytes. */
function readSigned(message: GatewayEvent, bytes: Uint8Array, key: KeyObject): Record<string, unknown> {
  const payloadHash = sha256(message.payloadBytes);
  if (!payloadHash.equals(message.payloadHash) || !verify(null, bytes, key, message.signature)) {
    throw new Error(`${message.eventType} does not have a valid signature of the gateway`);
  }
  return JSON.parse(message.payloadBytes.toString('utf8'));
}

/** Statuses without a reason of the gateway come from gRPC, as when a connection was lost or a proxy cut it. */
const retryableStatuses: ReadonlySet<number> = new Set([
  status.CANCELLED,
  status.UNKNOWN,
  status.DEADLINE_EXCEEDED,
  status.RESOURCE_EXHAUSTED,
  status.ABORTED,
  status.INTERNAL,
  status.UNAVAILABLE,
]);

function isRetryable(error: unknown): boolean {
  if (error instanceof GapError) return true;
  if (!(error instanceof GatewayError)) return false;
  const known = Object.entries(gatewayReasons).find(([reason]) => reason === error.reason);
  return known === undefined ? retryableStatuses.has(error.grpcCode) : known[1].retryable;
}

function isServiceError(error: unknown): error is ConstructorParameters<typeof GatewayError>[0] {
  return error instanceof Error && 'code' in error && 'details' in error && 'metadata' in error;
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}
