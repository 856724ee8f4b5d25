import { expect, it } from 'vitest';
import { type LocalConfig, readLocalConfig } from '../../../infra/local/config.ts';
import { StartupError } from '../../../lib/config/startup.ts';

const portsOf = ({ listeners, postgres, redis }: LocalConfig) =>
  [...Object.values(listeners), postgres, redis].map(({ port }) => port);

it('stacks whose offsets are hundreds apart share neither a port nor a folder', () => {
  const stacks = ['', '100', '200', '300', '1000'].map((offset) =>
    readLocalConfig({ GALAXY_PORT_OFFSET: offset }),
  );
  const ports = stacks.flatMap(portsOf);
  expect(ports.length).toBe(5 * 13);
  expect(new Set(ports).size).toBe(ports.length);
  expect(stacks.map(({ dataFolder }) => dataFolder)).toEqual([
    '.galaxy',
    '.galaxy-100',
    '.galaxy-200',
    '.galaxy-300',
    '.galaxy-1000',
  ]);
});

it('an offset moves nothing that is set', () => {
  const config = readLocalConfig({
    GALAXY_PORT_OFFSET: '100',
    GALAXY_DATA_FOLDER: '/tmp/mine',
    GALAXY_REDIS_PORT: '0',
    GATEWAY_PUBLIC_HTTP_ADDR: '127.0.0.1:18080',
  });
  expect(config.dataFolder).toBe('/tmp/mine');
  expect(config.redis.port).toBe(0);
  expect(config.listeners.gatewayHttp).toEqual({ host: '127.0.0.1', port: 18_080 });
  expect(config.listeners.gatewayWeb).toEqual({ host: '127.0.0.1', port: 8_188 });
  expect(config.postgres.port).toBe(15_532);
});

it.each(['-1', '1.5', '49001', 'x'])('an offset of %s is refused', (offset) => {
  expect(() => readLocalConfig({ GALAXY_PORT_OFFSET: offset })).toThrow(StartupError);
});

it.each([
  [{}, 'one'],
  [{ GALAXY_PROCESSES: 'each' }, 'each'],
  [{ GALAXY_PROCESSES: 'one', OTEL_METRICS_EXPORTER: 'prometheus' }, 'each'],
  [{ LOBBY_OTEL_STDOUT_TRACES_ENABLED: 'true' }, 'each'],
  [{ GATEWAY_ADMIN_HTTP_ADDR: '127.0.0.1:9464' }, 'each'],
])(
  'services share a process unless that is switched off or they are measured: %j',
  (environment, processes) => {
    expect(readLocalConfig(environment).processes).toBe(processes);
  },
);

it('another number of processes is refused', () => {
  expect(() => readLocalConfig({ GALAXY_PROCESSES: '3' })).toThrow(StartupError);
});
