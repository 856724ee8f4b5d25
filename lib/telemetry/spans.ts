import { type Span, SpanStatusCode, trace } from '@opentelemetry/api';

// A proxy: it hands over to the SDK's tracer when there is one, and does nothing otherwise.
const tracer = trace.getTracer('galaxy');

/** Runs `work` in a span of its own below the current one; without a span that is recorded it only runs it. */
export async function inSpan<T>(name: string, work: () => Promise<T>): Promise<T> {
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

/** The same for work that does not wait. */
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

/** By its class alone: messages may hold values that do not belong into traces. */
function markFailed(span: Span, error: unknown): void {
  span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : typeof error });
}
