// The configuration of every process of the lobby, so that one set of variables serves them all.
import {
  anyText,
  duration,
  httpUrl,
  integer,
  listenAddress,
  logLevel,
  peerAddress,
  positiveDuration,
  postgresDsn,
  text,
} from '../config/types.ts';
import { defaulted, optional, removed, required, type Values } from '../config/variables.ts';

const mebibyte = 1024 * 1024;

/** Both listeners take the same settings, each under names of its own. */
function httpListener(prefix: string, fallbackAddr: string, purpose: string) {
  return {
    addr: defaulted(`${prefix}_ADDR`, fallbackAddr, listenAddress, {
      help: `Where the listener for ${purpose} binds.`,
    }),
    readHeaderTimeoutMs: defaulted(`${prefix}_READ_HEADER_TIMEOUT`, '2s', positiveDuration, {
      help: 'How long a client may take to send its headers.',
    }),
    readTimeoutMs: defaulted(`${prefix}_READ_TIMEOUT`, '10s', positiveDuration, {
      help: 'How long a client may take to send a whole request.',
    }),
    idleTimeoutMs: defaulted(`${prefix}_IDLE_TIMEOUT`, '1m', positiveDuration, {
      help: 'How long an unused connection is kept.',
    }),
    bodyLimitBytes: defaulted(`${prefix}_BODY_LIMIT_BYTES`, '65536', integer(1_024, 16 * mebibyte), {
      help: 'Largest body that is read.',
    }),
    token: optional(`${prefix}_TOKEN`, text, {
      help: 'Bearer token that every request but the probes must carry. Unset: none is asked for.',
      secret: true,
    }),
  };
}

export const lobbyVariables = {
  publicHttp: httpListener('LOBBY_PUBLIC_HTTP', ':8094', 'users, who come through the gateway,'),
  internalHttp: httpListener('LOBBY_INTERNAL_HTTP', ':8095', 'admins and the Game Master'),
  redis: {
    addr: required('LOBBY_REDIS_MASTER_ADDR', peerAddress, {
      help: 'host:port of the Redis that carries the streams.',
    }),
    password: required('LOBBY_REDIS_PASSWORD', anyText, {
      help: 'Its password; set it to nothing on purpose for a Redis without one.',
      secret: true,
      mayBeEmpty: true,
    }),
    db: defaulted('LOBBY_REDIS_DB', '0', integer(0, 1_000_000), { help: 'Number of its logical database.' }),
    operationTimeoutMs: defaulted('LOBBY_REDIS_OPERATION_TIMEOUT', '2s', positiveDuration, {
      help: 'Bound on connecting and on one command.',
    }),
  },
  postgres: {
    dsn: required('LOBBY_POSTGRES_PRIMARY_DSN', postgresDsn, {
      help: 'DSN of the PostgreSQL that keeps the state, such as postgres://lobby:password@127.0.0.1:5432/galaxy.',
      secret: true,
    }),
    operationTimeoutMs: defaulted('LOBBY_POSTGRES_OPERATION_TIMEOUT', '5s', positiveDuration, {
      help: 'Bound on connecting and on one statement.',
    }),
    maxConnections: defaulted('LOBBY_POSTGRES_MAX_OPEN_CONNS', '20', integer(2, 1_000), {
      help: 'Most connections that one process holds.',
    }),
    connectionMaxLifetimeMs: defaulted('LOBBY_POSTGRES_CONN_MAX_LIFETIME', '30m', duration, {
      help: 'When a connection is replaced by a new one; 0s keeps it.',
    }),
  },
  userService: {
    baseUrl: required('LOBBY_USER_SERVICE_BASE_URL', httpUrl, {
      help: 'Base URL of the User Service, such as http://127.0.0.1:8081. It need not be up when the lobby starts.',
    }),
    timeoutMs: defaulted('LOBBY_USER_SERVICE_TIMEOUT', '2s', positiveDuration, {
      help: 'Bound on one call to it.',
    }),
    token: optional('LOBBY_USER_SERVICE_TOKEN', text, {
      help: 'Bearer token that calls to it carry.',
      secret: true,
    }),
  },
  gameMaster: {
    baseUrl: required('LOBBY_GM_BASE_URL', httpUrl, {
      help: 'Base URL of the Game Master, such as http://127.0.0.1:8097. It need not be up when the lobby starts.',
    }),
  },
  enrollmentAutomationIntervalMs: defaulted('LOBBY_ENROLLMENT_AUTOMATION_INTERVAL', '30s', positiveDuration, {
    help: 'How often games are looked for whose enrollment is over.',
  }),
  logLevel: defaulted('LOBBY_LOG_LEVEL', 'info', logLevel, {
    help: 'Least severe log line that is written.',
  }),
  shutdownTimeoutMs: defaulted('LOBBY_SHUTDOWN_TIMEOUT', '15s', duration, {
    help: 'How long running requests and ticks may take to finish after SIGTERM.',
  }),
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
