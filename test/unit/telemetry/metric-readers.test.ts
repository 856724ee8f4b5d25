import { describe, expect, it } from 'vitest';
import { freePort } from '../../../infra/local/child.ts';
import { createMetricReaders } from '../../../infra/node/metric-readers.ts';

describe('the readers that OTEL_METRICS_EXPORTER names', () => {
  it.each([
    ['none', 0],
    ['otlp', 1],
    ['otlp, console', 2],
    ['console,console', 1],
  ])('%s makes %i', async (names, count) => {
    expect(await createMetricReaders(names, {})).toHaveLength(count);
  });

  it.each(['http/protobuf', 'http/json', 'grpc'])('speak %s', async (protocol) => {
    expect(await createMetricReaders('otlp', { OTEL_EXPORTER_OTLP_PROTOCOL: protocol })).toHaveLength(1);
  });

  it('prefer the protocol of metrics to that of all signals', async () => {
    const variables = {
      OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'no such protocol',
    };
    expect(await createMetricReaders('otlp', variables)).toHaveLength(1);
  });

  it('take an interval that is shorter than the time-out of an export', async () => {
    expect(await createMetricReaders('otlp', { OTEL_METRIC_EXPORT_INTERVAL: '200' })).toHaveLength(1);
  });

  it('serve Prometheus where its variables say, and refuse to start where they cannot', async () => {
    const port = String(await freePort());
    const variables = { OTEL_EXPORTER_PROMETHEUS_PORT: port };
    const [reader] = await createMetricReaders('prometheus', variables);
    await expect(createMetricReaders('prometheus', variables)).rejects.toThrow(
      'is in use by another process',
    );
    await reader?.shutdown();
  });

  it('are refused by name when they are not known', async () => {
    await expect(createMetricReaders('otlp,jaeger', {})).rejects.toThrow(
      'OTEL_METRICS_EXPORTER: jaeger is not known',
    );
    await expect(createMetricReaders('otlp', { OTEL_EXPORTER_OTLP_PROTOCOL: 'soap' })).rejects.toThrow(
      'OTEL_EXPORTER_OTLP_PROTOCOL: soap is not known',
    );
  });
});
