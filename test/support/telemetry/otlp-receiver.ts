// An OpenTelemetry collector for tests: takes OTLP over HTTP as JSON, on loopback, and records it.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

const spanSchema = z.looseObject({
  name: z.string(),
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
});
const metricSchema = z.looseObject({ name: z.string(), description: z.string().optional() });

export type ReceivedSpan = z.infer<typeof spanSchema>;
export type ReceivedMetric = z.infer<typeof metricSchema>;

const tracesSchema = z.object({
  resourceSpans: z.array(z.object({ scopeSpans: z.array(z.object({ spans: z.array(spanSchema) })) })),
});
const metricsSchema = z.object({
  resourceMetrics: z.array(z.object({ scopeMetrics: z.array(z.object({ metrics: z.array(metricSchema) })) })),
});

export type OtlpReceiver = {
  readonly url: string;
  readonly spans: ReceivedSpan[];
  /** Every export, one after the other. */
  readonly metrics: ReceivedMetric[];
  /** Everything received, unparsed. */
  text(): string;
  /** Waits until `found` returns something. */
  until<T>(what: string, found: () => T | undefined): Promise<T>;
  close(): Promise<void>;
};

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const metrics: ReceivedMetric[] = [];
  let text = '';
  const server = createServer(async (request, response) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString('utf8');
    text += body;
    if (request.url === '/v1/traces') {
      const { resourceSpans } = tracesSchema.parse(JSON.parse(body));
      spans.push(...resourceSpans.flatMap((r) => r.scopeSpans.flatMap((s) => s.spans)));
    } else {
      const { resourceMetrics } = metricsSchema.parse(JSON.parse(body));
      metrics.push(...resourceMetrics.flatMap((r) => r.scopeMetrics.flatMap((s) => s.metrics)));
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    metrics,
    text: () => text,
    async until(what, found) {
      for (const deadline = Date.now() + 15_000; Date.now() < deadline; await delay(25)) {
        const value = found();
        if (value !== undefined) return value;
      }
      throw new Error(`the collector did not get ${what} within 15 s`);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
