// The configuration of the lobby: all its processes share one set of variables.
import { z } from 'zod';
import { enginesFileVariable } from '../config/engine-variables.ts';
import { internalListener, serviceListener } from '../config/listener-variables.ts';
import { httpPeer } from '../config/peer-variables.ts';
import { postgresVariables } from '../config/postgres-variables.ts';
import { logLevelVariable, shutdownTimeoutVariable } from '../config/process-variables.ts';
import { redisOverRestOrTcp, redisRestVariables, redisVariables } from '../config/redis-variables.ts';
import type { Check } from '../config/startup.ts';
import {
  outboxRelayIntervalVariable,
  readBlockTimeoutVariable,
  streamVariable,
} from '../config/stream-variables.ts';
import {
  boolean,
  listOf,
  peerAddress,
  positiveDuration,
  postgresDsn,
  retentionTime,
} from '../config/types.ts';
import { defaulted, removed, type Values } from '../config/variables.ts';

/** The bound on invites counts those of a day. */
const decisionsTime = retentionTime.refine((ms) => ms >= 86_400_000, 'must be at least 1d');

export const lobbyVariables = {
  publicHttp: serviceListener(
    'LOBBY_PUBLIC_HTTP',
    ':8094',
    'the listener for users, whose requests the gateway forwards,',
  ),
  internalHttp: internalListener(
    'LOBBY_INTERNAL_HTTP',
    ':8095',
    'the listener for admins and the Game Master',
  ),
  redis: {
    ...redisVariables('LOBBY', 'carries the streams. It must not evict keys', 'MASTER_ADDR'),
    rest: redisRestVariables('LOBBY'),
    replicaAddrs: defaulted('LOBBY_REDIS_REPLICA_ADDRS', '', listOf(peerAddress), {
      help: 'host:port of its replicas, separated by commas. They serve the states of streams (`GET /api/v1/internal/streams`), and need not be up.',
    }),
  },
  postgres: {
    ...postgresVariables('LOBBY'),
    replicaDsns: defaulted('LOBBY_POSTGRES_REPLICA_DSNS', '', listOf(postgresDsn), {
      help: 'DSNs of its replicas, separated by commas (a comma within one is written %2C). They serve lists, and need not be up.',
      secret: true,
    }),
  },
  userService: httpPeer('LOBBY_USER_SERVICE', {
    name: 'User Service',
    example: 'http://127.0.0.1:8081',
    asker: 'lobby',
  }),
  gameMaster: httpPeer('LOBBY_GM', {
    name: 'Game Master',
    example: 'http://127.0.0.1:8097',
    asker: 'lobby',
  }),
  streams: {
    startJobs: streamVariable('LOBBY_RUNTIME_START_JOBS_STREAM', 'startJobs'),
    stopJobs: streamVariable('LOBBY_RUNTIME_STOP_JOBS_STREAM', 'stopJobs'),
    jobResults: streamVariable('LOBBY_RUNTIME_JOB_RESULTS_STREAM', 'jobResults'),
    gmEvents: streamVariable('LOBBY_GM_EVENTS_STREAM', 'gmEvents'),
    userLifecycle: streamVariable('LOBBY_USER_LIFECYCLE_STREAM', 'userLifecycle'),
    gameChanges: streamVariable('LOBBY_GAME_CHANGES_STREAM', 'gameChanges'),
    notificationIntents: streamVariable('LOBBY_NOTIFICATION_INTENTS_STREAM', 'notificationIntents'),
  },
  readBlockTimeoutMs: {
    jobResults: readBlockTimeoutVariable('LOBBY_RUNTIME_JOB_RESULTS_READ_BLOCK_TIMEOUT', 'job results'),
    gmEvents: readBlockTimeoutVariable('LOBBY_GM_EVENTS_READ_BLOCK_TIMEOUT', 'reports of the Game Master'),
    userLifecycle: readBlockTimeoutVariable('LOBBY_USER_LIFECYCLE_READ_BLOCK_TIMEOUT', 'user events'),
  },
  outboxRelayIntervalMs: outboxRelayIntervalVariable('LOBBY'),
  startTimeoutMs: defaulted('LOBBY_START_TIMEOUT', '5m', positiveDuration, {
    help: 'How long a game may take to start before the start counts as failed.',
  }),
  underfilledGraceMs: defaulted('LOBBY_UNDERFILLED_GRACE', '14d', retentionTime, {
    help: 'How long a game may lack players after its deadline, stay a draft after it, or wait to be started, before it is cancelled.',
  }),
  minTurnIntervalMs: defaulted('LOBBY_MIN_TURN_INTERVAL', '15m', positiveDuration, {
    help: 'Shortest time between two deadlines of a game; faster clocks are refused when a game is created or changed.',
  }),
  registrationRetryIntervalMs: defaulted('LOBBY_REGISTRATION_RETRY_INTERVAL', '30s', positiveDuration, {
    help: 'How often the lobby looks for games that were started while the Game Master was away, to resume them.',
  }),
  enginesFile: enginesFileVariable('LOBBY'),
  enrollmentAutomationIntervalMs: defaulted('LOBBY_ENROLLMENT_AUTOMATION_INTERVAL', '30s', positiveDuration, {
    help: 'How often the lobby looks for games whose enrollment is over.',
  }),
  raceNameExpirationIntervalMs: defaulted('LOBBY_RACE_NAME_EXPIRATION_INTERVAL', '1h', positiveDuration, {
    help: 'How often the lobby looks for race names that were not registered in time.',
  }),
  retentionIntervalMs: defaulted('LOBBY_RETENTION_INTERVAL', '1h', positiveDuration, {
    help: 'How often the lobby deletes what is kept only for a while.',
  }),
  retention: {
    draftsMs: defaulted('LOBBY_RETENTION_DRAFTS', '90d', retentionTime, {
      help: 'How long games that were never opened are kept after their last change.',
    }),
    endedGamesMs: defaulted('LOBBY_RETENTION_ENDED_GAMES', '180d', retentionTime, {
      help:
        'How long applications, invites, timeline, statistics and words of a game are kept after it was finished or ' +
        'cancelled. The game itself, its members and its result stay.',
    }),
    decisionsMs: defaulted('LOBBY_RETENTION_DECISIONS', '30d', decisionsTime, {
      help:
        'How long applications and invites to a game that goes on are kept after they ended. For each user of a game ' +
        'the last one where one side said no stays, with the number of them. At least 1d.',
    }),
  },
  raceNameDirectoryBackend: defaulted(
    'LOBBY_RACE_NAME_DIRECTORY_BACKEND',
    'postgres',
    z.enum(['postgres', 'stub'], { error: 'write postgres or stub' }),
    {
      help:
        'Where race names are stored: `stub` is the memory of the all-in-one process, for trying things out; it ' +
        'loses registered names and pending registrations with the process.',
    },
  ),
  logLevel: logLevelVariable('LOBBY'),
  shutdownTimeoutMs: shutdownTimeoutVariable('LOBBY', 'running requests and ticks'),
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
    redisTls: removed('LOBBY_REDIS_TLS_ENABLED', 'Set LOBBY_REDIS_MASTER_TLS_ENABLED instead.'),
    redisUsername: removed('LOBBY_REDIS_USERNAME', 'Set LOBBY_REDIS_MASTER_USERNAME instead.'),
  },
};

export type LobbyConfig = Values<typeof lobbyVariables>;

/** Of the HTTP side as a process of its own. */
export const lobbyHttpVariables = {
  ...lobbyVariables,
  redis: redisOverRestOrTcp(lobbyVariables.redis),
};

export type LobbyHttpConfig = Values<typeof lobbyHttpVariables>;

/** For every process that is only a part of the lobby. */
export const raceNamesInPostgres: Check<Pick<LobbyConfig, 'raceNameDirectoryBackend'>> = {
  needs: ['LOBBY_RACE_NAME_DIRECTORY_BACKEND'],
  problem: ({ raceNameDirectoryBackend }) =>
    raceNameDirectoryBackend === 'stub'
      ? '"stub" stores race names in the memory of one process, which has to be the whole lobby ' +
        '(workers/lobby-all-in-one.ts). Set it to postgres here and in every other process of the lobby.'
      : undefined,
};
