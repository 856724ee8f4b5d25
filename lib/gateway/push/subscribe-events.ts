// SubscribeEvents, from the signed request to the open stream. lib/gateway/commands/admission.ts does the same checks
// as for a command; the hub delivers the events.
import { z } from 'zod';
import { subscriptionBytes } from '../../protocol/envelope.ts';
import type { SubscribeEventsRequest } from '../../protocol/generated/galaxy/gateway/v1/gateway.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { type AdmissionDeps, admit, type CallContext } from '../commands/admission.ts';
import { RejectedError, toRejection } from '../domain/rejection.ts';
import type { MessageClass } from '../domain/routes.ts';
import { subscriptionRefused } from '../instruments.ts';
import { parseJson } from '../parse-json.ts';
import type { EventSink } from './event-sink.ts';
import type { EventStream } from './event-stream.ts';
import type { PushHub } from './hub.ts';

export type SubscriptionDeps = { admission: AdmissionDeps; hub: PushHub; log: Logger };

export const subscribeMessageType = 'gateway.events.subscribe';

const route: { readonly class: MessageClass } = { class: 'subscribe' };

const subscriptionKind = {
  routeOf: (messageType: string) => (messageType === subscribeMessageType ? route : undefined),
  signedBytes: subscriptionBytes,
  // The hub bounds the streams.
  takePlace: () => () => {},
};

const payloadSchema = z.strictObject({
  last_event_id: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,128}$/)
    .optional(),
});

/** Serves a subscription until its stream has caught up or has ended. Sends the status itself and never rejects. */
export async function subscribeEvents(
  deps: SubscriptionDeps,
  request: SubscribeEventsRequest,
  sink: EventSink,
  context: Omit<CallContext, 'signal'>,
): Promise<void> {
  const { hub, log } = deps;
  let stream: EventStream | undefined;
  try {
    stream = hub.register(request, sink);
    const admitted = await admit(deps.admission, request, subscriptionKind, {
      ...context,
      signal: stream.endSignal,
    });
    const lastEventId = readPayload(request.payloadBytes);
    const { requestHash, session } = admitted;
    await hub.open(stream, session.userId, { requestHash, lastEventId });
    // The stream ended while its request was checked.
    if (!stream.userId && stream.endReason) subscriptionRefused(stream.endReason);
  } catch (error) {
    const rejection = toRejection(error);
    if (stream === undefined) sink.end(rejection);
    else stream.end(rejection);
    const outcome = stream?.endReason ?? rejection.reason;
    if (!stream?.userId) subscriptionRefused(outcome);
    if (outcome === 'INTERNAL') log.error({ error, ...describe(request) }, 'subscription failed');
    else if (!stream?.userId || outcome === 'UPSTREAM_UNAVAILABLE')
      log.info({ ...describe(request), outcome, ...causeOf(error) }, 'subscription refused');
  }
}

/** Not verified yet, so cut to the longest valid values. */
function describe({ requestId, deviceSessionId }: SubscribeEventsRequest): object {
  return { request_id: requestId.slice(0, 64), device_session_id: deviceSessionId.slice(0, 36) };
}

function causeOf(error: unknown): object {
  return error instanceof RejectedError && error.cause instanceof Error ? { cause: error.cause.message } : {};
}

/** An empty payload counts as `{}`. @throws RejectedError MALFORMED_ENVELOPE */
function readPayload(bytes: Uint8Array): string | undefined {
  const parsed = payloadSchema.safeParse(bytes.length === 0 ? {} : parseJson(bytes));
  if (parsed.success) return parsed.data.last_event_id;
  throw new RejectedError({
    reason: 'MALFORMED_ENVELOPE',
    message:
      'payload_bytes must be {} or {"last_event_id":"…"} with 1 to 128 of A-Z a-z 0-9 _ -, as JSON in UTF-8.',
    metadata: { field: 'payload_bytes' },
  });
}
