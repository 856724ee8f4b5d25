// The configuration of every process of the lobby, so that one set of variables serves them all.
import { z } from 'zod';
import { serviceListener } from '../config/listener-variables.ts';
import { postgresVariables } from '../config/postgres-variables.ts';
import { redisRestVariables, redisVariables, unlessRest } from '../config/redis-variables.ts';
import type { Check } from '../config/startup.ts';
import {
  bearerToken,
  boolean,
  duration,
  httpUrl,
  listOf,
  logLevel,
  peerAddress,
  positiveDuration,
  postgresDsn,
  text,
} from '../config/types.ts';
import { defaulted, optional, removed, required, type Values } from '../config/variables.ts';

const readBlockTimeout = (name: string, what: string) =>
  defaulted(name, '5s', positiveDuration, { help: `How long one read waits for ${what}.` });

export const lobbyVariables = {
  publicHttp: serviceListener(
    'LOBBY_PUBLIC_HTTP',
    ':8094',
    'the listener for users, who come through the gateway,',
  ),
  internalHttp: serviceListener(
    'LOBBY_INTERNAL_HTTP',
    ':8095',
    'the listener for admins and the Game Master',
  ),
  redis: {
    ...redisVariables('LOBBY', 'carries the streams. It must not evict keys', 'MASTER_ADDR'),
    rest: redisRestVariables('LOBBY'),
    replicaAddrs: defaulted('LOBBY_REDIS_REPLICA_ADDRS', '', listOf(peerAddress), {
      help: 'host:port of its replicas, separated by commas. They show how streams stand (`GET /api/v1/internal/streams`), and need not be up.',
    }),
  },
  postgres: {
    ...postgresVariables('LOBBY'),
    replicaDsns: defaulted('LOBBY_POSTGRES_REPLICA_DSNS', '', listOf(postgresDsn), {
      help: 'DSNs of its replicas, separated by commas (a comma within one is written %2C). They serve lists, and need not be up.',
      secret: true,
    }),
  },
  userService: {
    baseUrl: required('LOBBY_USER_SERVICE_BASE_URL', httpUrl, {
      help: 'Base URL of the User Service, such as http://127.0.0.1:8081. It need not be up when the lobby starts.',
    }),
    timeoutMs: defaulted('LOBBY_USER_SERVICE_TIMEOUT', '2s', positiveDuration, {
      help: 'Bound on one call to it.',
    }),
    token: optional('LOBBY_USER_SERVICE_TOKEN', bearerToken, {
      help: 'Bearer token that calls to it carry.',
      secret: true,
    }),
  },
  gameMaster: {
    baseUrl: required('LOBBY_GM_BASE_URL', httpUrl, {
      help: 'Base URL of the Game Master, such as http://127.0.0.1:8097. It need not be up when the lobby starts.',
    }),
    timeoutMs: defaulted('LOBBY_GM_TIMEOUT', '2s', positiveDuration, {
      help: 'Bound on one call to it.',
    }),
    token: optional('LOBBY_GM_TOKEN', bearerToken, {
      help: 'Bearer token that calls to it carry.',
      secret: true,
    }),
  },
  streams: {
    startJobs: defaulted('LOBBY_RUNTIME_START_JOBS_STREAM', 'runtime:start_jobs', text, {
      help: 'Redis stream that asks the Runtime Manager to start games.',
    }),
    stopJobs: defaulted('LOBBY_RUNTIME_STOP_JOBS_STREAM', 'runtime:stop_jobs', text, {
      help: 'Redis stream that asks it to stop them.',
    }),
    jobResults: defaulted('LOBBY_RUNTIME_JOB_RESULTS_STREAM', 'runtime:job_results', text, {
      help: 'Redis stream in which it tells how these jobs ended.',
    }),
    gmEvents: defaulted('LOBBY_GM_EVENTS_STREAM', 'gm:lobby_events', text, {
      help: 'Redis stream in which the Game Master tells how games go.',
    }),
    userLifecycle: defaulted('LOBBY_USER_LIFECYCLE_STREAM', 'user:lifecycle_events', text, {
      help: 'Redis stream in which the User Service tells of users who were blocked or deleted.',
    }),
    notificationIntents: defaulted('LOBBY_NOTIFICATION_INTENTS_STREAM', 'notification:intents', text, {
      help: 'Redis stream that asks for users to be notified.',
    }),
  },
  readBlockTimeoutMs: {
    jobResults: readBlockTimeout('LOBBY_RUNTIME_JOB_RESULTS_READ_BLOCK_TIMEOUT', 'job results'),
    gmEvents: readBlockTimeout('LOBBY_GM_EVENTS_READ_BLOCK_TIMEOUT', 'events of the Game Master'),
    userLifecycle: readBlockTimeout('LOBBY_USER_LIFECYCLE_READ_BLOCK_TIMEOUT', 'events of users'),
  },
  outboxRelayIntervalMs: defaulted('LOBBY_OUTBOX_RELAY_INTERVAL', '1s', positiveDuration, {
    help: 'How often the outbox relay looks for messages that are still to be published.',
  }),
  startTimeoutMs: defaulted('LOBBY_START_TIMEOUT', '5m', positiveDuration, {
    help: 'How long a start job is worth doing.',
  }),
  enrollmentAutomationIntervalMs: defaulted('LOBBY_ENROLLMENT_AUTOMATION_INTERVAL', '30s', positiveDuration, {
    help: 'How often games are looked for whose enrollment is over.',
  }),
  raceNameExpirationIntervalMs: defaulted('LOBBY_RACE_NAME_EXPIRATION_INTERVAL', '1h', positiveDuration, {
    help: 'How often race names are looked for that were not registered in time.',
  }),
  raceNameDirectoryBackend: defaulted(
    'LOBBY_RACE_NAME_DIRECTORY_BACKEND',
    'postgres',
    z.enum(['postgres', 'stub'], { error: 'write postgres or stub' }),
    {
      help:
        'Where race names are kept: `stub` is the memory of the all-in-one process, for trying things out; it ' +
        'forgets names that were registered or could be.',
    },
  ),
  logLevel: defaulted('LOBBY_LOG_LEVEL', 'info', logLevel, {
    help: 'Least severe log line that is written.',
  }),
  shutdownTimeoutMs: defaulted('LOBBY_SHUTDOWN_TIMEOUT', '15s', duration, {
    help: 'How long running requests and ticks may take to finish after SIGTERM.',
  }),
  telemetry: {
    stdoutTraces: defaulted('LOBBY_OTEL_STDOUT_TRACES_ENABLED', 'false', boolean, {
      help: 'Whether to print traces to standard output; see telemetry.md.',
    }),
    stdoutMetrics: defaulted('LOBBY_OTEL_STDOUT_METRICS_ENABLED', 'false', boolean, {
      help: 'Whether to print metrics to standard output; see telemetry.md.',
    }),
  },
  removed: {
    redisAddr: removed('LOBBY_REDIS_ADDR', 'Set LOBBY_REDIS_MASTER_ADDR (host:port) instead.'),
    redisTls: removed(
      'LOBBY_REDIS_TLS_ENABLED',
      'The lobby connects to Redis without TLS, at LOBBY_REDIS_MASTER_ADDR; unset this.',
    ),
    redisUsername: removed(
      'LOBBY_REDIS_USERNAME',
      'The lobby signs in to Redis with LOBBY_REDIS_PASSWORD alone, as the default user; unset this.',
    ),
  },
};

export type LobbyConfig = Values<typeof lobbyVariables>;

const { redis } = lobbyVariables;

/** Of the HTTP side as a process of its own. */
export const lobbyHttpVariables = {
  ...lobbyVariables,
  redis: { ...redis, addr: unlessRest(redis.addr), password: unlessRest(redis.password) },
};

export type LobbyHttpConfig = Values<typeof lobbyHttpVariables>;

/** For every process that is not the whole lobby. */
export const raceNamesInPostgres: Check<Pick<LobbyConfig, 'raceNameDirectoryBackend'>> = {
  needs: ['LOBBY_RACE_NAME_DIRECTORY_BACKEND'],
  problem: ({ raceNameDirectoryBackend }) =>
    raceNameDirectoryBackend === 'stub'
      ? '"stub" keeps race names in the memory of one process, which has to be the whole lobby ' +
        '(workers/lobby-all-in-one.ts). Set it to postgres here, and there.'
      : undefined,
};
