// How a load process subscribes to events through the gateway, and what it demands of what comes.
import { randomUUID } from 'node:crypto';
import {
  eventBytes,
  helloBytes,
  protocolVersion,
  subscriptionBytes,
} from '../../../lib/protocol/envelope.ts';
import {
  GatewayEvent,
  SubscribeEventsRequest,
} from '../../../lib/protocol/generated/galaxy/gateway/v1/gateway.ts';
import { framed } from './grpc-bytes.ts';
import { type Session, sha256, signWith, verifierOf } from './sessions.ts';

export type Subscription = { session: Session; frame: Buffer; requestHash: Buffer };

const payloadBytes = Buffer.from('{}');

export function subscribe(session: Session): Subscription {
  const fields = {
    protocolVersion,
    deviceSessionId: session.deviceSessionId,
    messageType: 'gateway.events.subscribe',
    timestampMs: BigInt(Date.now()),
    requestId: randomUUID(),
    payloadHash: sha256(payloadBytes),
  };
  const bytes = subscriptionBytes(fields);
  const request = { ...fields, payloadBytes, signature: signWith(session, bytes) };
  return {
    session,
    frame: framed(SubscribeEventsRequest.encode(request).finish()),
    requestHash: sha256(bytes),
  };
}

/** @throws Error unless it is the hello to this very subscription. @param serverKey base64url. */
export function requireHello({ requestHash }: Subscription, message: Buffer, serverKey: string): void {
  const hello = GatewayEvent.decode(message);
  const signed = verifierOf(serverKey)(helloBytes({ ...hello, requestHash }), hello.signature);
  if (hello.eventType !== 'gateway.hello' || !signed)
    throw new Error('a stream did not begin with its hello');
}

/**
 * Follows one stream: every event is its user's, signed, and comes after the one before.
 * @returns a function that takes the next event, as its bytes, and returns its id.
 */
export function followStream(userId: string, serverKey: string, lastEventId: string | undefined) {
  const verify = verifierOf(serverKey);
  let last = lastEventId;
  return (message: Buffer): string => {
    const event = GatewayEvent.decode(message);
    const wanted = event.recipientUserId === userId && (last === undefined || event.prevEventId === last);
    const whole = sha256(event.payloadBytes).equals(event.payloadHash);
    if (!wanted || !whole || !verify(eventBytes(event), event.signature)) {
      throw new Error(`user ${userId} got ${event.eventId} after ${last}, or it is not signed`);
    }
    last = event.eventId;
    return event.eventId;
  };
}
