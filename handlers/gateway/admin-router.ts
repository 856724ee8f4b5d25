import { Hono } from 'hono';
import type { Logger } from '../../lib/telemetry/logger.ts';
import type { MetricsText } from '../../lib/telemetry/metrics.ts';
import { metrics } from './metrics.ts';

/** The gateway's admin HTTP listener: `GET /metrics` and nothing else. */
export function createGatewayAdminApp(text: MetricsText, log: Logger): Hono {
  const app = new Hono();
  app.get('/metrics', metrics(text));
  app.all('/metrics', (c) => c.text('Only GET is served here.\n', 405, { allow: 'GET' }));
  app.notFound((c) => c.text('Only GET /metrics is served here.\n', 404));
  app.onError((error, c) => {
    log.error({ error }, 'failed to read the metrics');
    return c.text('The metrics could not be read; see the log.\n', 500);
  });
  return app;
}
