import { isSpanContextValid, trace } from '@opentelemetry/api';

const traceparent = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/**
 * The headers that pass a caller's W3C trace context on. With the SDK running its instrumentation injects the
 * context of the current span, which continues the caller's; without it the caller's own is handed through.
 */
export function traceHeaders(received: string | undefined): Record<string, string> {
  if (trace.getActiveSpan() !== undefined || received === undefined || !traceparent.test(received)) return {};
  return { traceparent: received };
}

/**
 * The trace context to keep beside what a request has decided, for those who hear of it later: that of the current
 * span with the SDK running, otherwise the caller's own.
 */
export function keptTraceparent(received: string | undefined): string | undefined {
  const span = trace.getActiveSpan()?.spanContext();
  if (span !== undefined && isSpanContextValid(span)) {
    return `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}`;
  }
  return received !== undefined && traceparent.test(received) ? received : undefined;
}
