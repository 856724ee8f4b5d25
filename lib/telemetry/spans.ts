import {
  type Attributes,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';

// A proxy: it delegates to the SDK's tracer if there is one, and does nothing otherwise.
const tracer = trace.getTracer('galaxy');

/** Runs `work` in a child span of the current one; without a recorded span it only runs it. */
export function inSpan<T>(name: string, work: () => Promise<T>): Promise<T> {
  if (!recording()) return work();
  return tracer.startActiveSpan(name, async (span) => {
    try {
      return await work();
    } catch (error) {
      markFailed(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Runs `work` in the root span of a new trace, for work without a request; without the SDK it only runs it. */
export async function inNewTrace<T>(name: string, work: () => Promise<T>): Promise<T> {
  return tracer.startActiveSpan(name, { root: true }, async (span) => {
    try {
      return await work();
    } catch (error) {
      markFailed(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** The same as `inSpan` for work that does not wait. */
export function inSpanSync<T>(name: string, work: () => T): T {
  if (!recording()) return work();
  return tracer.startActiveSpan(name, (span) => {
    try {
      return work();
    } catch (error) {
      markFailed(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}

function recording(): boolean {
  return trace.getActiveSpan()?.isRecording() === true;
}

/** Records the error's class only: messages may hold values that do not belong in traces. */
function markFailed(span: Span, error: unknown): void {
  failSpan(span, error instanceof Error ? error.name : typeof error);
}

export function failSpan(span: Span, why: string): void {
  span.setStatus({ code: SpanStatusCode.ERROR, message: why });
}

/**
 * Starts a child span of a context that came from another process, whatever the current span is.
 * @param traceparent W3C trace context; empty for none.
 * @returns undefined without the SDK, and when the context is not recorded.
 */
export function startSpanFrom(traceparent: string, name: string, attributes: Attributes): Span | undefined {
  if (traceparent === '') return undefined;
  // Without the SDK nothing is extracted.
  const parent = propagation.extract(ROOT_CONTEXT, { traceparent });
  const flags = trace.getSpanContext(parent)?.traceFlags ?? TraceFlags.NONE;
  if ((flags & TraceFlags.SAMPLED) === 0) return undefined;
  return tracer.startSpan(name, { kind: SpanKind.CONSUMER, attributes }, parent);
}

/** Runs `work` in such a span, which becomes the parent of the spans of `work`. */
export async function inSpanFrom<T>(
  traceparent: string,
  name: string,
  attributes: Attributes,
  work: () => Promise<T>,
): Promise<T> {
  const span = startSpanFrom(traceparent, name, attributes);
  if (span === undefined) return work();
  try {
    return await context.with(trace.setSpan(context.active(), span), work);
  } catch (error) {
    markFailed(span, error);
    throw error;
  } finally {
    span.end();
  }
}
