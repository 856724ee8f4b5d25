import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { metricViews } from '../../../infra/node/metric-views.ts';

class Reader extends MetricReader {
  protected async onForceFlush(): Promise<void> {}
  protected async onShutdown(): Promise<void> {}
}

test('requests to a hundred engines at addresses of their own are one set of series', async () => {
  const reader = new Reader();
  const provider = new MeterProvider({ readers: [reader], views: metricViews });
  const instrumentation = new UndiciInstrumentation();
  instrumentation.setMeterProvider(provider);
  const engines = Array.from({ length: 100 }, () =>
    createServer((_, response) => response.end()).listen(0, '127.0.0.1'),
  );
  try {
    await Promise.all(
      engines.map(async (engine) => {
        await once(engine, 'listening');
        const response = await fetch(`http://127.0.0.1:${(engine.address() as AddressInfo).port}/healthz`);
        await response.text();
      }),
    );
    const { resourceMetrics } = await reader.collect();
    const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    const sent = metrics.find(({ descriptor }) => descriptor.name === 'http.client.request.duration');
    expect(sent?.dataPoints).toMatchObject([{ value: { count: 100 } }]);
    expect(Object.keys(sent?.dataPoints[0]?.attributes ?? {}).toSorted()).toEqual([
      'http.request.method',
      'http.response.status_code',
      'network.protocol.version',
      'url.scheme',
    ]);
  } finally {
    instrumentation.disable();
    for (const engine of engines) {
      engine.closeAllConnections();
      engine.close();
    }
    await provider.shutdown();
  }
});
