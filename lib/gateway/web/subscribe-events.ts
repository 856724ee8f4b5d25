// SubscribeEvents over Connect and gRPC-Web.
import { SubscribeEventsRequest } from '../../protocol/generated/galaxy/gateway/v1/gateway.ts';
import type { toRejection } from '../domain/rejection.ts';
import { subscriptionRefused } from '../instruments.ts';
import { type SubscriptionDeps, subscribeEvents } from '../push/subscribe-events.ts';
import { Heartbeats } from './heartbeats.ts';
import { HttpEventSink } from './http-event-sink.ts';
import { malformed } from './protocol.ts';
import { onlyMessage } from './stream-frames.ts';
import type { WebCall } from './web-call.ts';

export function createSubscriptionMethod(deps: SubscriptionDeps): (call: WebCall) => Promise<void> {
  const heartbeats = new Heartbeats();
  return async (call) => {
    const { received, clientAddress, traceHeaders } = call;
    const sink = new HttpEventSink(call, heartbeats);
    const refuse = (rejection: ReturnType<typeof toRejection>) => {
      subscriptionRefused(rejection.reason);
      sink.end(rejection);
    };
    if (!('body' in received)) return refuse(received);
    const request = readRequest(received.body);
    if (request === undefined) return refuse(unreadable.rejection);
    await subscribeEvents(deps, request, sink, { clientAddress, traceHeaders });
  };
}

const unreadable = malformed('The body is not one whole frame with a valid protobuf message of this method.');

function readRequest(body: Buffer): SubscribeEventsRequest | undefined {
  const message = onlyMessage(body);
  if (message === undefined) return undefined;
  try {
    return SubscribeEventsRequest.decode(message);
  } catch {
    return undefined;
  }
}
