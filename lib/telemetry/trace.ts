import { isSpanContextValid, trace } from '@opentelemetry/api';

const traceparent = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/**
 * The headers that forward a caller's W3C trace context. With the SDK, its instrumentation injects the context of the
 * current span, which continues the caller's; without it, the caller's own is forwarded.
 */
export function traceHeaders(received: string | undefined): Record<string, string> {
  if (trace.getActiveSpan() !== undefined || received === undefined || !traceparent.test(received)) return {};
  return { traceparent: received };
}

/**
 * The trace context to store with a message for later processing: that of the current span with the SDK, otherwise the
 * caller's own.
 */
export function keptTraceparent(received: string | undefined): string | undefined {
  const span = trace.getActiveSpan()?.spanContext();
  if (span !== undefined && isSpanContextValid(span)) {
    return `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}`;
  }
  return received !== undefined && traceparent.test(received) ? received : undefined;
}
