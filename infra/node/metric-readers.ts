// The metric readers that OTEL_METRICS_EXPORTER names. The SDK could create them itself, but then accepts no
// others; the one MeterProvider has to serve an admin listener's Prometheus text, too.
import {
  ConsoleMetricExporter,
  type IMetricReader,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { bind } from '../../lib/node/bind.ts';

/**
 * @param names as OTEL_METRICS_EXPORTER lists them: `otlp`, `prometheus`, `console`, `none`, separated by commas.
 * @param variables OTEL_METRIC_EXPORT_INTERVAL and …_TIMEOUT (milliseconds), OTEL_EXPORTER_OTLP_METRICS_PROTOCOL or
 * OTEL_EXPORTER_OTLP_PROTOCOL, OTEL_EXPORTER_PROMETHEUS_HOST and …_PORT. Everything else of OTLP is read by its
 * exporter.
 * @throws Error for a name or protocol that is not known, and for a Prometheus address that cannot be bound.
 */
export async function createMetricReaders(
  names: string,
  variables: Readonly<Record<string, string | undefined>>,
): Promise<IMetricReader[]> {
  const exportIntervalMillis = Number(variables.OTEL_METRIC_EXPORT_INTERVAL || 60_000);
  const exportTimeoutMillis = Number(variables.OTEL_METRIC_EXPORT_TIMEOUT || 30_000);
  const periodic = {
    exportIntervalMillis,
    exportTimeoutMillis: Math.min(exportTimeoutMillis, exportIntervalMillis),
  };
  const readers: IMetricReader[] = [];
  for (const name of new Set(names.split(',').map((part) => part.trim()))) {
    if (name === 'otlp') {
      readers.push(
        new PeriodicExportingMetricReader({ exporter: await otlpExporter(variables), ...periodic }),
      );
    } else if (name === 'prometheus') {
      readers.push(await servedForPrometheus(variables));
    } else if (name === 'console') {
      readers.push(new PeriodicExportingMetricReader({ exporter: new ConsoleMetricExporter(), ...periodic }));
    } else if (name !== 'none') {
      throw new Error(`OTEL_METRICS_EXPORTER: ${name} is not known; write otlp, prometheus, console or none`);
    }
  }
  return readers;
}

/** Serves `GET /metrics` on an address of its own, as long as the process lives. */
async function servedForPrometheus(
  variables: Readonly<Record<string, string | undefined>>,
): Promise<IMetricReader> {
  const { PrometheusExporter } = await import('@opentelemetry/exporter-prometheus');
  const address = {
    host: variables.OTEL_EXPORTER_PROMETHEUS_HOST || '127.0.0.1',
    port: Number(variables.OTEL_EXPORTER_PROMETHEUS_PORT || 9464),
  };
  return bind(address, async (host) => {
    // Without target_info, as in the gateway's admin listener: the scraper labels its targets itself.
    const exporter = new PrometheusExporter({
      host,
      port: address.port,
      preventServerStart: true,
      withoutScopeInfo: true,
      withoutTargetInfo: true,
    });
    await exporter.startServer();
    return exporter;
  });
}

async function otlpExporter(variables: Readonly<Record<string, string | undefined>>) {
  const protocol =
    variables.OTEL_EXPORTER_OTLP_METRICS_PROTOCOL || variables.OTEL_EXPORTER_OTLP_PROTOCOL || 'http/protobuf';
  switch (protocol) {
    case 'http/protobuf':
      return new (await import('@opentelemetry/exporter-metrics-otlp-proto')).OTLPMetricExporter();
    case 'http/json':
      return new (await import('@opentelemetry/exporter-metrics-otlp-http')).OTLPMetricExporter();
    case 'grpc':
      return new (await import('@opentelemetry/exporter-metrics-otlp-grpc')).OTLPMetricExporter();
    default:
      throw new Error(
        `OTEL_EXPORTER_OTLP_PROTOCOL: ${protocol} is not known; write http/protobuf, http/json or grpc`,
      );
  }
}
