// One event on its way to streams: counted, timed, and a span while the trace that caused it is recorded. The span's
// parent is the context that the event carries, so a trace runs on from whoever appended the event; it ends with the
// first write to a stream, or with the end of a stream for which the event waited.
import type { Span } from '@opentelemetry/api';
import type { ClientEvent } from '../../protocol/generated/galaxy/push/v1/push.ts';
import { failSpan, startSpanFrom } from '../../telemetry/spans.ts';
import { eventDelivered, eventDropped, type StreamEndReason } from '../instruments.ts';

export class Delivery {
  readonly #live: boolean;
  readonly #timestampMs: number;
  #span: Span | undefined;

  /** @param live whether the event was just published; otherwise it comes from the user's log. */
  constructor(event: ClientEvent, live: boolean) {
    this.#live = live;
    this.#timestampMs = Number(event.timestampMs);
    this.#span = startSpanFrom(event.traceparent, 'gateway.push.deliver', {
      'galaxy.event_type': event.eventType,
      'galaxy.live': live,
    });
  }

  /** The event was given to a stream's connection. */
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
