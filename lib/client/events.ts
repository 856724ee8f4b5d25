// Follows a player's events: opens a stream, verifies every message, and opens the stream again with the last event's
// id when it ends, unless the reason says that another attempt is useless. Whatever passes by itself (a gateway that is
// away, keys that cannot be fetched, a clock that is wrong) never ends following.
//
// Guarantees: the caller gets every event in order and once, with its signature and its position in the chain of
// prev_event_id verified; or a hello with `resumed: false`, which says that events may be missing, so the caller must
// reload the state that it built from them. When the caller reads slowly the gateway queues events, and past a bound it
// ends the stream, which is then opened again. docs/events.md describes the protocol.
import { eventBytes, helloBytes } from '../protocol/envelope.ts';
import { GatewayError } from './gateway-error.ts';
import type { Schemas } from './generated/api.ts';
import { isPassing, pauseMs, sleep } from './retry.ts';
import type { ServerClock } from './server-clock.ts';
import type { EventMessage } from './transport.ts';
import { isEqual, sha256, verify } from './web-crypto.ts';

/** A stream was opened. */
export type Hello = {
  kind: 'hello';
  /** Whether every event after the requested id follows. If not, reload the state that you show. */
  resumed: boolean;
  /** Where to resume if this stream delivers no event. */
  lastEventId: string;
  serverTimeMs: number;
};

export type EventType = keyof Schemas['events'];

/** Types that this version does not know may come, too; ignore them. */
export type PlayerEvent = {
  [Type in EventType]: {
    kind: 'event';
    eventType: Type;
    eventId: string;
    timestampMs: number;
    traceId: string;
    payload: Schemas['events'][Type];
  };
}[EventType];

export type FollowOptions = {
  /** The last event that was handled, also by an earlier run; without it the stream begins with the next event. */
  lastEventId?: string;
  /** Ends following. */
  signal?: AbortSignal;
};

/** What was received, and the signed message that says it. */
export type Received = { item: Hello | PlayerEvent; message: EventMessage };

/** The client functions that `followEvents` uses. */
export type EventSource = {
  userId: string;
  /** Signs a subscription and opens its stream, perhaps after it has waited for a connection. `signal` leaves it. */
  subscribe(lastEventId: string | undefined, signal: AbortSignal): Promise<OpenedStream>;
  serverKey(keyId: string, signal: AbortSignal): Promise<CryptoKey>;
  /** By which subscriptions are dated; learns from what the gateway says. */
  clock?: ServerClock;
};

export type OpenedStream = {
  messages: AsyncIterable<EventMessage>;
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
  for await (const { item } of followMessages(source, options)) yield item;
}

/** As `followEvents`, for those who pass the messages on. */
export async function* followMessages(
  source: EventSource,
  options: FollowOptions,
): AsyncGenerator<Received, void> {
  const { signal } = options;
  let { lastEventId } = options;
  for (let failures = 0; !signal?.aborted; failures += 1) {
    let sentAtMs = Date.now();
    let openedAt = performance.now();
    let failure: unknown;
    const leaving = new AbortController();
    const left = signal === undefined ? leaving.signal : AbortSignal.any([signal, leaving.signal]);
    try {
      const stream = await source.subscribe(lastEventId, left);
      sentAtMs = Date.now();
      openedAt = performance.now();
      for await (const received of readStream(source, stream, sentAtMs, leaving)) {
        yield received;
        const { item } = received;
        // The caller has handled an item when it asks for the next one.
        lastEventId = item.kind === 'hello' ? item.lastEventId : item.eventId;
      }
    } catch (error) {
      if (signal?.aborted) return;
      const isStale = source.clock !== undefined && error instanceof GatewayError && error.isStale;
      if (isStale) source.clock?.learn(error.serverTimeMs, sentAtMs);
      else if (!(error instanceof GapError) && !isPassing(error)) throw error;
      failure = error;
    } finally {
      leaving.abort();
    }
    if (performance.now() - openedAt > stableMs) failures = 0;
    await sleep(pauseMs(failures, failure), signal);
  }
}

/** One stream, from its hello to its end. @param leaving left when its hello does not come in time. */
async function* readStream(
  source: EventSource,
  { messages, requestHash }: OpenedStream,
  sentAtMs: number,
  leaving: AbortController,
): AsyncGenerator<Received, void> {
  const helloTimer = setTimeout(() => leaving.abort(), helloTimeoutMs);
  const keyOf = ({ keyId }: EventMessage) => source.serverKey(keyId, leaving.signal);
  try {
    let last: string | undefined;
    let isFirst = false;
    for await (const message of messages) {
      if (last === undefined) {
        clearTimeout(helloTimer);
        const receivedAtMs = Date.now();
        const hello = await readHello(message, requestHash, await keyOf(message));
        source.clock?.learn(hello.serverTimeMs, sentAtMs, receivedAtMs);
        last = hello.lastEventId;
        isFirst = true;
        yield { item: hello, message };
        continue;
      }
      const event = await readEvent(message, source.userId, await keyOf(message));
      // Only a player's very first event has no event before it.
      const follows = message.prevEventId === last || (isFirst && message.prevEventId === '');
      if (!follows)
        throw new GapError(
          `${message.eventId} follows ${message.prevEventId}, but the last event was ${last}`,
        );
      last = message.eventId;
      isFirst = false;
      yield { item: event, message };
    }
  } finally {
    clearTimeout(helloTimer);
  }
}

async function readHello(message: EventMessage, requestHash: Uint8Array, key: CryptoKey): Promise<Hello> {
  if (message.eventType !== 'gateway.hello')
    throw new Error(`the stream began with ${message.eventType} instead of gateway.hello`);
  const payload = await readSigned(message, helloBytes({ ...message, requestHash }), key);
  const { resumed, last_event_id: lastEventId, server_time_ms: serverTimeMs } = payload;
  if (typeof resumed !== 'boolean' || typeof lastEventId !== 'string' || typeof serverTimeMs !== 'number') {
    throw new Error('the hello of the stream lacks a field');
  }
  return { kind: 'hello', resumed, lastEventId, serverTimeMs };
}

/** @throws Error unless the gateway signed this event of the user. */
export async function readEvent(message: EventMessage, userId: string, key: CryptoKey): Promise<PlayerEvent> {
  const payload = await readSigned(message, eventBytes(message), key);
  if (message.recipientUserId !== userId) throw new Error(`${message.eventId} is an event of another player`);
  const { eventType, eventId, traceId } = message;
  const timestampMs = Number(message.timestampMs);
  // The gateway has signed it, and its services publish what they send.
  return { kind: 'event', eventType, eventId, timestampMs, traceId, payload } as unknown as PlayerEvent;
}

/** @throws Error unless the gateway signed exactly these bytes. */
async function readSigned(
  message: EventMessage,
  bytes: Uint8Array,
  key: CryptoKey,
): Promise<Record<string, unknown>> {
  const payloadHash = await sha256(message.payloadBytes);
  if (!isEqual(payloadHash, message.payloadHash) || !(await verify(key, bytes, message.signature))) {
    throw new Error(`${message.eventType} does not have a valid signature of the gateway`);
  }
  return JSON.parse(new TextDecoder().decode(message.payloadBytes));
}
