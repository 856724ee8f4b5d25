import { describe, expect, test } from 'vitest';
import { listVariables, readVariables } from '../../../lib/config/variables.ts';
import { lobbyVariables } from '../../../lib/lobby/config.ts';
import { trustWarning } from '../../../lib/node/listeners.ts';
import type { ServiceCaller } from '../../../lib/operators/service-callers.ts';
import { callerWith } from '../../support/service-callers.ts';

const required = {
  LOBBY_REDIS_MASTER_ADDR: 'redis:6379',
  LOBBY_REDIS_PASSWORD: '',
  LOBBY_POSTGRES_PRIMARY_DSN: 'postgres://lobby:secret@postgres:5432/galaxy',
  LOBBY_USER_SERVICE_BASE_URL: 'http://users:8081/',
  LOBBY_GM_BASE_URL: 'http://gm:8097',
};
const read = (environment: Record<string, string>) => readVariables(lobbyVariables, environment);
const listenerNames = (listener: string) =>
  ['ADDR', 'READ_HEADER_TIMEOUT', 'READ_TIMEOUT', 'IDLE_TIMEOUT'].map((name) => `${listener}_${name}`);
const namesOf = ({ problems }: ReturnType<typeof read>) => problems.map(({ variable }) => variable).sort();

describe('the configuration of the lobby', () => {
  test('needs five variables; everything else has a default', () => {
    const { values, problems } = read(required);
    expect(problems).toEqual([]);
    expect(values).toMatchObject({
      publicHttp: {
        addr: { host: '::', port: 8094 },
        readHeaderTimeoutMs: 2_000,
        readTimeoutMs: 10_000,
        idleTimeoutMs: 60_000,
        bodyLimitBytes: 65_536,
        callers: undefined,
      },
      internalHttp: {
        addr: { host: '::', port: 8095 },
        readHeaderTimeoutMs: 2_000,
        readTimeoutMs: 10_000,
        idleTimeoutMs: 60_000,
        bodyLimitBytes: 65_536,
        callers: undefined,
      },
      redis: { addr: { host: 'redis', port: 6379 }, replicaAddrs: [], password: '', db: 0 },
      postgres: { maxConnections: 20, maxIdleConnections: 5, replicaDsns: [] },
      userService: { baseUrl: 'http://users:8081' },
      streams: {
        startJobs: 'runtime:start_jobs',
        stopJobs: 'runtime:stop_jobs',
        jobResults: 'runtime:job_results',
        gmEvents: 'gm:lobby_events',
        userLifecycle: 'user:lifecycle_events',
        notificationIntents: 'notification:intents',
      },
      readBlockTimeoutMs: { jobResults: 5_000, gmEvents: 5_000, userLifecycle: 5_000 },
      outboxRelayIntervalMs: 1_000,
      startTimeoutMs: 300_000,
      enrollmentAutomationIntervalMs: 30_000,
      raceNameExpirationIntervalMs: 3_600_000,
      retentionIntervalMs: 3_600_000,
      retention: { draftsMs: 90 * 86_400_000, endedGamesMs: 180 * 86_400_000, decisionsMs: 30 * 86_400_000 },
      raceNameDirectoryBackend: 'postgres',
      telemetry: { stdoutTraces: false, stdoutMetrics: false },
      logLevel: 'info',
    });
    expect(namesOf(read({}))).toEqual(Object.keys(required).sort());
  });

  test.each([
    ['HTTP listeners', ['PUBLIC_HTTP', 'INTERNAL_HTTP'].flatMap(listenerNames)],
    ['process and logging', ['SHUTDOWN_TIMEOUT', 'LOG_LEVEL']],
    [
      'Redis',
      ['REDIS_MASTER_ADDR', 'REDIS_REPLICA_ADDRS', 'REDIS_PASSWORD', 'REDIS_DB', 'REDIS_OPERATION_TIMEOUT'],
    ],
    [
      'PostgreSQL',
      [
        'POSTGRES_PRIMARY_DSN',
        'POSTGRES_REPLICA_DSNS',
        'POSTGRES_OPERATION_TIMEOUT',
        'POSTGRES_MAX_OPEN_CONNS',
        'POSTGRES_MAX_IDLE_CONNS',
        'POSTGRES_CONN_MAX_LIFETIME',
      ],
    ],
    [
      'streams',
      [
        'GM_EVENTS_STREAM',
        'RUNTIME_START_JOBS_STREAM',
        'RUNTIME_STOP_JOBS_STREAM',
        'RUNTIME_JOB_RESULTS_STREAM',
        'NOTIFICATION_INTENTS_STREAM',
        'USER_LIFECYCLE_STREAM',
        'GM_EVENTS_READ_BLOCK_TIMEOUT',
        'RUNTIME_JOB_RESULTS_READ_BLOCK_TIMEOUT',
        'USER_LIFECYCLE_READ_BLOCK_TIMEOUT',
      ],
    ],
    ['upstream clients', ['USER_SERVICE_BASE_URL', 'USER_SERVICE_TIMEOUT', 'GM_BASE_URL', 'GM_TIMEOUT']],
    [
      'workers',
      ['ENROLLMENT_AUTOMATION_INTERVAL', 'RACE_NAME_EXPIRATION_INTERVAL', 'RACE_NAME_DIRECTORY_BACKEND'],
    ],
    ['telemetry', ['OTEL_STDOUT_TRACES_ENABLED', 'OTEL_STDOUT_METRICS_ENABLED']],
  ])('keeps the names that operators know: %s', (_, names) => {
    const declared = listVariables(lobbyVariables).map(({ name }) => name);
    expect(declared).toEqual(expect.arrayContaining(names.map((name) => `LOBBY_${name}`)));
  });

  test('takes replicas as lists', () => {
    const { values, problems } = read({
      ...required,
      LOBBY_REDIS_REPLICA_ADDRS: 'redis-2:6379, redis-3:6380',
      LOBBY_POSTGRES_REPLICA_DSNS: 'postgres://a:b%2Cc@one/galaxy,postgres://two:5433/galaxy',
    });
    expect(problems).toEqual([]);
    expect(values).toMatchObject({
      redis: {
        replicaAddrs: [
          { host: 'redis-2', port: 6379 },
          { host: 'redis-3', port: 6380 },
        ],
      },
      postgres: { replicaDsns: ['postgres://a:b%2Cc@one/galaxy', 'postgres://two:5433/galaxy'] },
    });
  });

  test('names the replica that cannot be one by its place, without its password', () => {
    const { problems } = read({
      ...required,
      LOBBY_POSTGRES_REPLICA_DSNS: 'postgres://one/galaxy,mysql://lobby:hunter2@two/galaxy',
    });
    expect(problems).toEqual([
      {
        variable: 'LOBBY_POSTGRES_REPLICA_DSNS',
        message:
          'its value cannot be used: entry 2 of 2: write a DSN such as postgres://user:password@host:5432/database',
      },
    ]);
  });

  test('takes an empty Redis password on purpose, but none left out', () => {
    const { LOBBY_REDIS_PASSWORD: _leftOut, ...others } = required;
    expect(namesOf(read(others))).toEqual(['LOBBY_REDIS_PASSWORD']);
  });

  test.each([
    ['LOBBY_REDIS_ADDR', 'redis:6379', 'LOBBY_REDIS_MASTER_ADDR'],
    ['LOBBY_REDIS_TLS_ENABLED', 'false', 'LOBBY_REDIS_MASTER_TLS_ENABLED'],
    ['LOBBY_REDIS_USERNAME', 'lobby', 'LOBBY_REDIS_MASTER_USERNAME'],
  ])('refuses the removed %s with a hint', (name, value, hint) => {
    const { problems } = read({ ...required, [name]: value });
    expect(problems).toEqual([{ variable: name, message: expect.stringContaining(hint) }]);
    expect(problems[0]?.message).toMatch(/^was removed\. /);
    expect(read({ ...required, [name]: '' }).problems).toEqual([]);
  });

  test('names removed and missing variables together', () => {
    const { LOBBY_REDIS_MASTER_ADDR: _leftOut, ...others } = required;
    expect(namesOf(read({ ...others, LOBBY_REDIS_ADDR: 'redis:6379' }))).toEqual([
      'LOBBY_REDIS_ADDR',
      'LOBBY_REDIS_MASTER_ADDR',
    ]);
  });

  test.each([
    ['LOBBY_PUBLIC_HTTP_ADDR', '8094'],
    ['LOBBY_INTERNAL_HTTP_READ_TIMEOUT', '0s'],
    ['LOBBY_PUBLIC_HTTP_BODY_LIMIT_BYTES', '64KiB'],
    ['LOBBY_REDIS_MASTER_ADDR', 'redis'],
    ['LOBBY_REDIS_REPLICA_ADDRS', 'redis-2:6379,'],
    ['LOBBY_REDIS_DB', '-1'],
    ['LOBBY_POSTGRES_PRIMARY_DSN', 'mysql://postgres/galaxy'],
    ['LOBBY_POSTGRES_MAX_OPEN_CONNS', '0'],
    ['LOBBY_POSTGRES_MAX_IDLE_CONNS', '-1'],
    ['LOBBY_USER_SERVICE_BASE_URL', 'users:8081'],
    ['LOBBY_GM_BASE_URL', 'http://user:secret@gm:8097'],
    ['LOBBY_GM_TOKEN', 'with a blank'],
    ['LOBBY_GM_EVENTS_READ_BLOCK_TIMEOUT', '0s'],
    ['LOBBY_OUTBOX_RELAY_INTERVAL', '1'],
    ['LOBBY_OTEL_STDOUT_TRACES_ENABLED', 'yes'],
    ['LOBBY_ENROLLMENT_AUTOMATION_INTERVAL', '30'],
    ['LOBBY_RACE_NAME_EXPIRATION_INTERVAL', '0s'],
    ['LOBBY_RETENTION_DRAFTS', '0d'],
    ['LOBBY_RETENTION_ENDED_GAMES', '36501d'],
    ['LOBBY_RACE_NAME_DIRECTORY_BACKEND', 'memory'],
    ['LOBBY_LOG_LEVEL', 'verbose'],
    ['LOBBY_SHUTDOWN_TIMEOUT', 'never'],
  ])('refuses %s=%s', (name, value) => {
    expect(namesOf(read({ ...required, [name]: value }))).toEqual([name]);
  });

  test('never shows a secret that it refuses', () => {
    const { problems } = read({ ...required, LOBBY_POSTGRES_PRIMARY_DSN: 'http://user:hunter2@host/db' });
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });
});

describe('a listener that believes everybody', () => {
  const warn = (host: string, callers?: ServiceCaller[]) =>
    trustWarning({
      address: { host, port: 8094 },
      variable: 'LOBBY_PUBLIC_HTTP_ADDR',
      trust: { callers, callersVariable: 'LOBBY_PUBLIC_HTTP_CALLERS', otherwise: 'anybody can be anyone' },
    });

  test('is warned of when it is open to the network without tokens', () => {
    for (const host of ['0.0.0.0', '::', '10.0.0.7', 'lobby.internal']) {
      expect(warn(host)).toContain('LOBBY_PUBLIC_HTTP_CALLERS');
    }
  });

  test('is fine with callers, or on loopback', () => {
    expect(warn('0.0.0.0', callerWith('secret-token'))).toBeUndefined();
    for (const host of ['127.0.0.1', '127.0.1.1', '::1', 'localhost']) expect(warn(host)).toBeUndefined();
  });
});
