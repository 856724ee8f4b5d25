// A user's event as the frame of a signed GatewayEvent. Its bytes do not depend on the stream that carries them, so all
// streams of the user share one serialisation and one signature.

import { eventBytes, helloBytes } from '../../protocol/envelope.ts';
import { GatewayEvent } from '../../protocol/generated/galaxy/gateway/v1/gateway.ts';
import type { ClientEvent } from '../../protocol/generated/galaxy/push/v1/push.ts';
import type { ResponseSigner } from '../commands/response-signer.ts';
import { sha256 } from '../sha256.ts';
import { Delivery } from './delivery.ts';
import { frameOf } from './event-frame.ts';

export type EventSigner = Pick<ResponseSigner, 'sign' | 'keyId'>;

export type SignedEvent = {
  readonly id: string;
  /** The id of the user's event before this one; empty for the first. */
  readonly prevId: string;
  /** Of a serialised GatewayEvent. */
  readonly frame: Buffer;
  readonly delivery?: Delivery;
};

/** @param live true for an event that was just published, false for one that was read from the user's log. */
export function signEvent(signer: EventSigner, event: ClientEvent, live: boolean): SignedEvent {
  const delivery = new Delivery(event, live);
  const fields = {
    keyId: signer.keyId,
    eventType: event.eventType,
    eventId: event.eventId,
    prevEventId: event.prevEventId,
    recipientUserId: event.recipientUserId,
    timestampMs: event.timestampMs,
    traceId: traceIdOf(event.traceparent),
    payloadHash: sha256(event.payloadBytes),
  };
  const signature = Buffer.from(signer.sign(eventBytes(fields)));
  const frame = serialise({ ...fields, payloadBytes: event.payloadBytes, signature });
  return { id: event.eventId, prevId: event.prevEventId, frame, delivery };
}

export type Hello = {
  readonly serverTimeMs: number;
  /** Whether every event after the client's `last_event_id` follows. */
  readonly resumed: boolean;
  /** Where a client resumes that receives no event on this stream. */
  readonly lastEventId: string;
};

/**
 * The first event of a stream, signed for the one subscription that it belongs to. The fields that its signature does
 * not cover (ids, recipient, trace) are empty.
 * @param requestHash SHA-256 of the subscription's signed bytes.
 */
export function signHello(signer: EventSigner, requestHash: Uint8Array, hello: Hello): Buffer {
  const payloadBytes = Buffer.from(
    JSON.stringify({
      server_time_ms: hello.serverTimeMs,
      resumed: hello.resumed,
      last_event_id: hello.lastEventId,
    }),
  );
  const fields = {
    keyId: signer.keyId,
    timestampMs: BigInt(hello.serverTimeMs),
    payloadHash: sha256(payloadBytes),
  };
  const signature = Buffer.from(signer.sign(helloBytes({ ...fields, requestHash })));
  return serialise({
    ...fields,
    eventType: 'gateway.hello',
    eventId: '',
    prevEventId: '',
    recipientUserId: '',
    traceId: '',
    payloadBytes,
    signature,
  });
}

/** W3C trace context: `<version>-<trace id>-<span id>-<flags>`. */
function traceIdOf(traceparent: string): string {
  return /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(traceparent)?.[1] ?? '';
}

function serialise(event: GatewayEvent): Buffer {
  return frameOf(GatewayEvent.encode(event).finish());
}
