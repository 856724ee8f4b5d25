// Follows a player's events: opens a stream, verifies every message, and opens the stream again with the last event's
// id when it ends, unless the reason says that another attempt is useless. Whatever passes by itself (a gateway that is
// away, keys that cannot be fetched, a clock that is wrong) never ends following.
//
// Guarantees: the caller gets every event in order and once, with its signature and its position in the chain of
// prev_event_id verified; or a hello with `resumed: false`, which says that events may be missing, so the caller must
// reload the state that it built from them. When the caller reads slowly the gateway queues events, and past a bound it
// ends the stream, which is then opened again. docs/events.md describes the protocol.
import { type KeyObject, verify } from 'node:crypto';
import type { ClientReadableStream } from '@grpc/grpc-js';
import { eventBytes, helloBytes } from '../protocol/envelope.ts';
import type { GatewayEvent } from '../protocol/generated/galaxy/gateway/v1/gateway.ts';
import { GatewayError } from './gateway-error.ts';
import { isPassing, pauseMs, sleep } from './retry.ts';
import type { ServerClock } from './server-clock.ts';
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
  /** Signs a subscription and opens its stream, perhaps after it has waited for a connection. */
  subscribe(lastEventId: string | undefined, signal?: AbortSignal): OpenedStream | Promise<OpenedStream>;
  serverKey(keyId: string, signal?: AbortSignal): Promise<KeyObject>;
  /** By which subscriptions are dated; learns from what the gateway says. */
  clock?: ServerClock;
};

export type OpenedStream = {
  call: ClientReadableStream<GatewayEvent>;
  /** SHA-256 of the subscription's signed bytes. */
  requestHash: Uint8Array;
};

/** Events are missing between two that were received; the next stream delivers them. */
class GapError extends Error {}

/** Pings show that the next proxy is alive, the hello that the gateway behind it is. */
const helloTimeoutMs = 15_000;
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
    let sentAtMs = Date.now();
    let openedAt = performance.now();
    let failure: unknown;
    try {
      const stream = await source.subscribe(lastEventId, signal);
      sentAtMs = Date.now();
      openedAt = performance.now();
      for await (const item of readStream(source, stream, sentAtMs, signal)) {
        yield item;
        // The caller has handled an item when it asks for the next one.
        lastEventId = item.kind === 'hello' ? item.lastEventId : item.eventId;
      }
    } catch (error) {
      if (signal?.aborted) return;
      const isStale = source.clock !== undefined && error instanceof GatewayError && error.isStale;
      if (isStale) source.clock?.learn(error.serverTimeMs, sentAtMs);
      else if (!(error instanceof GapError) && !isPassing(error)) throw error;
      failure = error;
    }
    if (performance.now() - openedAt > stableMs) failures = 0;
    await sleep(pauseMs(failures, failure), signal);
  }
}

/** One stream, from its hello to its end. */
async function* readStream(
  source: EventSource,
  { call, requestHash }: OpenedStream,
  sentAtMs: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Hello | PlayerEvent, void> {
  const cancel = () => call.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  if (signal?.aborted) cancel();
  const helloTimer = setTimeout(cancel, helloTimeoutMs);
  // The loop receives errors while it waits. An error after the loop is its own cancellation.
  call.on('error', () => {});
  try {
    let last: string | undefined;
    let isFirst = false;
    for await (const message of call as AsyncIterable<GatewayEvent>) {
      if (last === undefined) {
        clearTimeout(helloTimer);
        const receivedAtMs = Date.now();
        const hello = readHello(message, requestHash, await source.serverKey(message.keyId, signal));
        source.clock?.learn(hello.serverTimeMs, sentAtMs, receivedAtMs);
        last = hello.lastEventId;
        isFirst = true;
        yield hello;
        continue;
      }
      const event = readEvent(message, source.userId, await source.serverKey(message.keyId, signal));
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
    clearTimeout(helloTimer);
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

function isServiceError(error: unknown): error is ConstructorParameters<typeof GatewayError>[0] {
  return error instanceof Error && 'code' in error && 'details' in error && 'metadata' in error;
}
