import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

/** Tells every module that is asked for after it. */
const teller = `import { registerHooks } from 'node:module';
registerHooks({ resolve(specifier, context, next) { console.log(specifier); return next(specifier, context); } });`;

/** The packages that a process loads with OpenTelemetry's set-up first, and nothing else to do. */
function loaded(env: Record<string, string>): string[] {
  const set = ['--import', `data:text/javascript,${encodeURIComponent(teller)}`];
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [...set, '--import', './infra/node/telemetry.ts', '-e', 'process.exit()'],
    { env: { PATH: process.env.PATH ?? '', ...env }, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
  return stdout.split('\n');
}

const sdk = (specifiers: readonly string[]) =>
  specifiers.filter((specifier) => specifier.startsWith('@opentelemetry/sdk'));

const collector = 'http://127.0.0.1:9';

describe('OpenTelemetry’s set-up', () => {
  it.each([
    {},
    { GATEWAY_OTEL_STDOUT_TRACES_ENABLED: 'false' },
    { GATEWAY_ADMIN_HTTP_ADDR: '127.0.0.1:9464' },
    { OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: collector },
    { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: collector },
  ])('loads nothing of the SDK for %o', (env) => {
    const specifiers = loaded(env);
    expect(specifiers.some((specifier) => specifier.endsWith('lib/telemetry/flush.ts'))).toBe(true);
    expect(sdk(specifiers)).toEqual([]);
  });

  it.each([{ OTEL_EXPORTER_OTLP_ENDPOINT: collector }, { LOBBY_OTEL_STDOUT_METRICS_ENABLED: 'true' }])(
    'starts the SDK for %o',
    (env) => {
      expect(sdk(loaded(env))).toContain('@opentelemetry/sdk-node');
    },
  );
});
