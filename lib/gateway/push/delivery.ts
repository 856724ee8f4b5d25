// Counts and times the delivery of one event, and traces it if its trace is recorded. The span's parent is the context
// that the event carries, so it continues the trace of the service that appended the event. It ends with the first
// write to a stream, or when a stream ends in whose queue the event is.
import type { Span } from '@opentelemetry/api';
import type { ClientEvent } from '../../protocol/generated/galaxy/push/v1/push.ts';
import { failSpan, startSpanFrom } from '../../telemetry/spans.ts';
import { eventDelivered, eventDropped, type StreamEndReason } from '../instruments.ts';

export class Delivery {
  readonly #live: boolean;
  readonly #timestampMs: number;
  #span: Span | undefined;

  /** @param live true for an event that was just published, false for one that was read from the user's log. */
  constructor(event: ClientEvent, live: boolean) {
    this.#live = live;
    this.#timestampMs = Number(event.timestampMs);
    this.#span = startSpanFrom(event.traceparent, 'gateway.push.deliver', {
      'galaxy.event_type': event.eventType,
      'galaxy.live': live,
    });
  }

  /** The event was written to a stream. */
  written(): void {
    if (this.#live) eventDelivered('live', this.#timestampMs);
    else eventDelivered('log');
    this.#span?.end();
    this.#span = undefined;
  }

  /** A stream ended before the event was written to it. */
  dropped(reason: StreamEndReason): void {
    eventDropped(reason);
    if (this.#span === undefined) return;
    failSpan(this.#span, reason);
    this.#span.end();
    this.#span = undefined;
  }
}
