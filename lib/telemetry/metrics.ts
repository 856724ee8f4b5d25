// The one MeterProvider of a process, and its metrics as Prometheus text. infra/node/telemetry.ts starts the provider
// when OTEL_* ask for metrics; a process whose admin listener alone asks for them starts it here. Nothing of the
// SDK is loaded when nobody asks.
import { metrics } from '@opentelemetry/api';
import type { PrometheusExporter } from '@opentelemetry/exporter-prometheus';

/** @throws AggregateError when instruments could not be read. */
export type MetricsText = () => Promise<string>;

let prometheus: PrometheusExporter | undefined;

/**
 * The reader that `startPrometheusText` asks, for the MeterProvider that infra/node/telemetry.ts starts: a provider
 * takes its readers when it is made and none later.
 */
export async function createPrometheusReader(): Promise<PrometheusExporter> {
  const { PrometheusExporter } = await import('@opentelemetry/exporter-prometheus');
  prometheus = new PrometheusExporter({ preventServerStart: true });
  return prometheus;
}

/** All metrics of this process in the Prometheus text format; starts collecting them where nothing did before. */
export async function startPrometheusText(): Promise<MetricsText> {
  const reader = prometheus ?? (await startProvider());
  const { PrometheusSerializer } = await import('@opentelemetry/exporter-prometheus');
  // Without target_info and without labels for the instrumentation scope: who scrapes knows whom.
  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);
  return async () => {
    const { resourceMetrics, errors } = await reader.collect();
    if (errors.length > 0) throw new AggregateError(errors, 'some instruments could not be read');
    return serializer.serialize(resourceMetrics);
  };
}

async function startProvider(): Promise<PrometheusExporter> {
  const { MeterProvider } = await import('@opentelemetry/sdk-metrics');
  const reader = await createPrometheusReader();
  if (!metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))) {
    throw new Error('another MeterProvider was registered before, which this process cannot read');
  }
  return reader;
}
