// The one MeterProvider of a process, and its metrics as Prometheus text. infra/node/telemetry.ts starts the provider
// when OTEL_* variables enable metrics; a process where only the admin listener needs them starts it here. Otherwise
// nothing of the SDK is loaded.
import { metrics } from '@opentelemetry/api';
import type { PrometheusExporter } from '@opentelemetry/exporter-prometheus';

/** @throws AggregateError when instruments could not be read. */
export type MetricsText = () => Promise<string>;

let prometheus: PrometheusExporter | undefined;

/**
 * The reader behind `startPrometheusText`, for the MeterProvider that infra/node/telemetry.ts starts: a provider gets
 * its readers when it is created, and none later.
 */
export async function createPrometheusReader(): Promise<PrometheusExporter> {
  const { PrometheusExporter } = await import('@opentelemetry/exporter-prometheus');
  prometheus = new PrometheusExporter({ preventServerStart: true });
  return prometheus;
}

/** All metrics of this process in the Prometheus text format; starts the MeterProvider if there is none. */
export async function startPrometheusText(): Promise<MetricsText> {
  const reader = prometheus ?? (await startProvider());
  const { PrometheusSerializer } = await import('@opentelemetry/exporter-prometheus');
  // Without target_info and labels of the instrumentation scope: the scraper labels its targets itself.
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
    throw new Error('another MeterProvider is already registered, and this process cannot read it');
  }
  return reader;
}
