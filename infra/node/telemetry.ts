// OpenTelemetry for a Node process: node --import ./infra/node/telemetry.ts workers/<process>.ts
//
// Loaded before the process's own modules, so that HTTP, gRPC, PostgreSQL and Redis are traced without a line in
// them; code that wants its own spans or instruments asks @opentelemetry/api. Starts the SDK only when the standard
// OTEL_* variables, or the process's own <SERVICE>_OTEL_STDOUT_TRACES_ENABLED and ..._METRICS_ENABLED, ask for it: it
// costs most of a second at start. OTEL_* belong to the SDK, which reads them itself. Where the gateway has an admin
// listener, too (GATEWAY_ADMIN_HTTP_ADDR), the same MeterProvider gets the reader that this asks.
//
// A process with this first hears SIGTERM from its first moments on (signals.ts). What is imported here is small, since
// all of it is loaded before the first line of any of it runs.
import './signals.ts';
import './quick-imports.ts';
import { basename } from 'node:path';
import { registerFlush } from '../../lib/telemetry/flush.ts';
import { servicePrefix } from './service-prefix.ts';

const environment = process.env;
const entry = process.argv[1] ?? 'process';
const service = servicePrefix(entry);
const stdout = (signal: 'TRACES' | 'METRICS') =>
  environment[`${service}_OTEL_STDOUT_${signal}_ENABLED`] === 'true';
const otlp = (signal: 'TRACES' | 'METRICS') =>
  [environment.OTEL_EXPORTER_OTLP_ENDPOINT, environment[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`]].some(
    Boolean,
  );

/** The exporters of a signal, as OTEL_TRACES_EXPORTER and OTEL_METRICS_EXPORTER name them. */
function exporters(signal: 'TRACES' | 'METRICS'): string {
  const asked = environment[`OTEL_${signal}_EXPORTER`];
  if (asked) return asked;
  const chosen = [...(otlp(signal) ? ['otlp'] : []), ...(stdout(signal) ? ['console'] : [])];
  return chosen.join(',') || 'none';
}

/** Asked for all the time, by machines. */
const probes: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);
const adminListener = service === 'GATEWAY' && Boolean(environment.GATEWAY_ADMIN_HTTP_ADDR);
/** What the instrumentations below patch, of what is imported. All else is left alone, which spares most of the start. */
const instrumented = [
  '@grpc/grpc-js',
  'http',
  'https',
  'ioredis',
  'node:http',
  'node:https',
  'pg',
  'pg-pool',
  'pino',
];
const traces = exporters('TRACES');
const metrics = exporters('METRICS');

if (environment.OTEL_SDK_DISABLED !== 'true' && (traces !== 'none' || metrics !== 'none')) {
  environment.OTEL_TRACES_EXPORTER = traces;
  environment.OTEL_METRICS_EXPORTER = metrics;
  environment.OTEL_LOGS_EXPORTER ??= 'none';
  environment.OTEL_SERVICE_NAME ??= `galaxy-${basename(entry, '.ts')}`;
  await startSdk();
}

async function startSdk(): Promise<void> {
  const { register } = await import('import-in-the-middle/register-hooks.mjs');
  register({ include: instrumented });
  const [{ NodeSDK }, ...instrumentations] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/instrumentation-grpc').then((m) => new m.GrpcInstrumentation()),
    import('@opentelemetry/instrumentation-http').then(
      (m) => new m.HttpInstrumentation({ ignoreIncomingRequestHook: ({ url }) => probes.has(url ?? '') }),
    ),
    import('@opentelemetry/instrumentation-ioredis').then(
      // By name alone: arguments are keys and contents.
      (m) => new m.IORedisInstrumentation({ dbStatementSerializer: (command) => command }),
    ),
    import('@opentelemetry/instrumentation-pg').then((m) => new m.PgInstrumentation()),
    import('@opentelemetry/instrumentation-pino').then((m) => new m.PinoInstrumentation()),
    import('@opentelemetry/instrumentation-undici').then((m) => new m.UndiciInstrumentation()),
  ]);
  const { createMetricReaders } = await import('./metric-readers.ts');
  const { metricViews } = await import('./metric-views.ts');
  const metricReaders = await createMetricReaders(metrics, environment);
  if (metricReaders.length > 0 && adminListener) {
    const { createPrometheusReader } = await import('../../lib/telemetry/metrics.ts');
    metricReaders.push(await createPrometheusReader());
  }
  const sdk = new NodeSDK({ instrumentations, metricReaders, views: metricViews });
  sdk.start();
  registerFlush(() => sdk.shutdown());
}
