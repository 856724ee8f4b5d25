import type { Context } from 'hono';
import type { MetricsText } from '../../lib/telemetry/metrics.ts';

/** `GET /metrics`: all metrics of this process in the Prometheus text format, version 0.0.4. */
export function metrics(text: MetricsText) {
  return async (c: Context): Promise<Response> =>
    c.body(await text(), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
}
