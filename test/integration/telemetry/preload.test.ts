import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

/** Tells every module that is asked for after it. */
const teller = `import { registerHooks } from 'node:module';
registerHooks({ resolve(specifier, context, next) { console.log(specifier); return next(specifier, context); } });`;

const anEntry: Record<string, string> = {
  gateway: 'workers/gateway.ts',
  lobby: 'workers/enrollment-automation.ts',
  backend: 'workers/backend-push.ts',
};

/** The packages that a process of a service loads with OpenTelemetry's set-up first, and nothing else to do. */
function loaded(service: string, env: Record<string, string>): string[] {
  const set = ['--import', `data:text/javascript,${encodeURIComponent(teller)}`];
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [...set, '--import', './infra/node/telemetry.ts', '-e', 'process.exit()', anEntry[service] ?? ''],
    { env: { PATH: process.env.PATH ?? '', ...env }, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
  return stdout.split('\n');
}

const sdk = (specifiers: readonly string[]) =>
  specifiers.filter((specifier) => specifier.startsWith('@opentelemetry/sdk'));

const collector = 'http://127.0.0.1:9';

describe('OpenTelemetry’s set-up', () => {
  it.each<[string, Record<string, string>]>([
    ['gateway', {}],
    ['gateway', { GATEWAY_OTEL_STDOUT_TRACES_ENABLED: 'false' }],
    ['gateway', { GATEWAY_ADMIN_HTTP_ADDR: '127.0.0.1:9464' }],
    ['gateway', { LOBBY_OTEL_STDOUT_TRACES_ENABLED: 'true', LOBBY_OTEL_STDOUT_METRICS_ENABLED: 'true' }],
    ['lobby', { BACKEND_OTEL_STDOUT_TRACES_ENABLED: 'true' }],
    ['lobby', { OTEL_SDK_DISABLED: 'true', LOBBY_OTEL_STDOUT_TRACES_ENABLED: 'true' }],
    ['backend', { OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: collector }],
    [
      'gateway',
      { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: collector },
    ],
  ])('loads nothing of the SDK in the %s for %o', (service, env) => {
    const specifiers = loaded(service, env);
    expect(specifiers.some((specifier) => specifier.endsWith('lib/telemetry/flush.ts'))).toBe(true);
    expect(sdk(specifiers)).toEqual([]);
  });

  it.each<[string, Record<string, string>]>([
    ['gateway', { OTEL_EXPORTER_OTLP_ENDPOINT: collector }],
    ['lobby', { LOBBY_OTEL_STDOUT_METRICS_ENABLED: 'true' }],
    ['lobby', { LOBBY_OTEL_STDOUT_TRACES_ENABLED: 'true' }],
    ['backend', { BACKEND_OTEL_STDOUT_TRACES_ENABLED: 'true' }],
  ])('starts the SDK in the %s for %o', (service, env) => {
    expect(sdk(loaded(service, env))).toContain('@opentelemetry/sdk-node');
  });
});
