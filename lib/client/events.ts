// How a client follows its player's events: it opens a stream, checks all that comes, and opens it again with the last
// event's id when it ends, for as long as the reason says that this helps.
//
// Guarantees to whoever reads: every event comes in order and once, each checked for its signature and for its place
// in the chain of prev_event_id; or a hello with `resumed: false` says that events may be missing, so that the state
// that is built from them has to be loaded anew. Reading slowly holds the gateway back, and past its bound it ends the
// stream; it is opened again then. docs/events.md tells the same in words.
import { createHash, type KeyObject, verify } from 'node:crypto';
import { type ClientReadableStream, status } from '@grpc/grpc-js';
import { gatewayReasons } from '../errors/gateway-reasons.ts';
import { eventBytes, helloBytes } from '../protocol/envelope.ts';
import type { GatewayEvent } from '../protocol/generated/galaxy/gateway/v1/gateway.ts';
import { GatewayError } from './gateway-error.ts';

/** A stream was opened. */
export type Hello = {
  kind: 'hello';
  /** Whether everything after the id that was asked for follows. If not: load what you show anew. */
  resumed: boolean;
  /** Where to resume when no event comes on this stream. */
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
  /** Of the last event that was handled, also by an earlier run; without it only what happens from now on comes. */
  lastEventId?: string;
  /** Ends following. */
  signal?: AbortSignal;
};

/** What following needs of a client. */
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

/** Events are missing between two that came; opening the stream again brings them. */
class HoleError extends Error {}

const firstPauseMs = 200;
const longestPauseMs = 30_000;
/** A stream that lasted as long was a success, however it ended. */
const steadyMs = 10_000;

/**
 * Follows the events until `signal` aborts or the caller leaves the loop.
 * @throws GatewayError when its reason says not to come back, and Error when something is not signed as it should be.
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
        // Only what the caller has handled counts: it comes back for the next one.
        lastEventId = item.kind === 'hello' ? item.lastEventId : item.eventId;
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (!worthComingBack(error)) throw error;
      if (error instanceof GatewayError) retryAfterMs = error.retryAfterMs;
    }
    if (performance.now() - openedAt > steadyMs) failures = 0;
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
  // The loop hears of errors while it waits; one that comes after it was left is its own cancellation.
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
        throw new HoleError(`before ${message.eventId} comes ${message.prevEventId}, not ${last}`);
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
  if (message.eventType !== 'gateway.hello') throw new Error(`a stream began with ${message.eventType}`);
  const payload = readSigned(message, helloBytes({ ...message, requestHash }), key);
  const { resumed, last_event_id: lastEventId, server_time_ms: serverTimeMs } = payload;
  if (typeof resumed !== 'boolean' || typeof lastEventId !== 'string' || typeof serverTimeMs !== 'number') {
    throw new Error('the hello of a stream lacks one of its fields');
  }
  return { kind: 'hello', resumed, lastEventId, serverTimeMs };
}

function readEvent(message: GatewayEvent, userId: string, key: KeyObject): PlayerEvent {
  const payload = readSigned(message, eventBytes(message), key);
  if (message.recipientUserId !== userId) throw new Error(`${message.eventId} is another player’s event`);
  const { eventType, eventId, traceId } = message;
  return { kind: 'event', eventType, eventId, timestampMs: Number(message.timestampMs), traceId, payload };
}

/** @throws Error unless the gateway signed exactly this. */
function readSigned(message: GatewayEvent, bytes: Uint8Array, key: KeyObject): Record<string, unknown> {
  const payloadHash = createHash('sha256').update(message.payloadBytes).digest();
  if (!payloadHash.equals(message.payloadHash) || !verify(null, bytes, key, message.signature)) {
    throw new Error(`${message.eventType} does not carry a valid signature of the gateway`);
  }
  return JSON.parse(message.payloadBytes.toString('utf8'));
}

/** Statuses without one of the gateway's reasons come from gRPC: the connection is gone, a proxy cut it. */
const passingStatuses: ReadonlySet<number> = new Set([
  status.CANCELLED,
  status.UNKNOWN,
  status.DEADLINE_EXCEEDED,
  status.RESOURCE_EXHAUSTED,
  status.ABORTED,
  status.INTERNAL,
  status.UNAVAILABLE,
]);

function worthComingBack(error: unknown): boolean {
  if (error instanceof HoleError) return true;
  if (!(error instanceof GatewayError)) return false;
  const known = Object.entries(gatewayReasons).find(([reason]) => reason === error.reason);
  return known === undefined ? passingStatuses.has(error.grpcCode) : known[1].retryable;
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
