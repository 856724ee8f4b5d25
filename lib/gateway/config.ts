import { addressList } from '../config/address-list.ts';
import { httpListener, httpTimeouts } from '../config/listener-variables.ts';
import { logLevelVariable, shutdownTimeoutVariable } from '../config/process-variables.ts';
import { redisClusterAddrs } from '../config/redis-cluster-variables.ts';
import { redisAddress, redisLinkVariables, redisOperationTimeout } from '../config/redis-variables.ts';
import {
  anyText,
  bearerToken,
  boolean,
  filePath,
  httpUrl,
  integer,
  listenAddress,
  originList,
  peerAddress,
  positiveDuration,
} from '../config/types.ts';
import { defaulted, optional, required, type Values } from '../config/variables.ts';
import { rateLimitVariables } from './rate-limit/variables.ts';

/** Node's timers hold 31 bits of milliseconds, and the jitter may add a tenth to the age of a connection. */

function connectionBounds(prefix: string, maxConnections: string) {
  return {
    maxConnections: defaulted(`${prefix}_MAX_CONNECTIONS`, maxConnections, integer(1, 1_000_000), {
      help: 'How many connections may be open at once.',
    }),
    maxConnectionsPerAddress: defaulted(
      `${prefix}_MAX_CONNECTIONS_PER_ADDRESS`,
      '256',
      integer(1, 1_000_000),
      { help: 'How many of them one address (IPv6: one /64) may hold; trusted proxies have no such bound.' },
    ),
  };
}

function httpBounds(prefix: string, maxConnections: string) {
  return {
    ...connectionBounds(prefix, maxConnections),
    maxRequestsPerConnection: defaulted(
      `${prefix}_MAX_REQUESTS_PER_CONNECTION`,
      '1000',
      integer(1, 1_000_000),
      { help: 'After how many requests a connection is closed.' },
    ),
    maxHeaderBytes: defaulted(`${prefix}_MAX_HEADER_BYTES`, '16384', integer(1_024, 1_048_576), {
      help: 'How many bytes the headers of a request may have.',
    }),
    maxHeaders: defaulted(`${prefix}_MAX_HEADERS`, '100', integer(8, 2_000), {
      help: 'How many headers a request may have.',
    }),
  };
}

export const gatewayVariables = {
  publicHttp: {
    ...httpListener('GATEWAY_PUBLIC_HTTP', ':8080', 'the public HTTP listener (probes, sign-in)'),
    ...httpBounds('GATEWAY_PUBLIC_HTTP', '4096'),
    corsOrigins: optional('GATEWAY_PUBLIC_HTTP_CORS_ORIGINS', originList, {
      help: 'Origins, separated by commas, whose pages may call the public routes and the web listener. Unset: none.',
    }),
  },
  webHttp: {
    addr: optional('GATEWAY_WEB_HTTP_ADDR', listenAddress, {
      help: 'Where the web listener (for browsers: sign-in, signed commands, events) binds. Unset: it is not started.',
    }),
    appFolder: optional('GATEWAY_APP_FOLDER', filePath, {
      help: 'Folder with the files of a web app that the web listener serves under `/`. It is read once, at start. Unset: none.',
    }),
    boardsFolder: optional('GATEWAY_BOARDS_FOLDER', filePath, {
      help: 'Folder with the boards of games (boards.md), which the web listener serves under `/boards/`. It is read once, at start. Unset: none.',
    }),
    ...httpTimeouts('GATEWAY_WEB_HTTP'),
    ...httpBounds('GATEWAY_WEB_HTTP', '16384'),
  },
  authenticatedGrpc: {
    addr: defaulted('GATEWAY_AUTHENTICATED_GRPC_ADDR', ':9090', listenAddress, {
      help: 'Where the authenticated gRPC listener binds.',
    }),
    tlsCertPath: optional('GATEWAY_GRPC_TLS_CERT_PATH', filePath, {
      help: 'PEM file with the certificate of the gRPC listener and its intermediates. Unset: HTTP/2 without TLS.',
    }),
    tlsKeyPath: optional('GATEWAY_GRPC_TLS_KEY_PATH', filePath, {
      help: 'PEM file with the private key of that certificate.',
    }),
    ...connectionBounds('GATEWAY_GRPC', '16384'),
    handshakeTimeoutMs: defaulted('GATEWAY_GRPC_HANDSHAKE_TIMEOUT', '10s', positiveDuration, {
      help: 'How long a connection may take for TLS and the first bytes of HTTP/2.',
    }),
    keepaliveIntervalMs: defaulted('GATEWAY_GRPC_KEEPALIVE_INTERVAL', '30s', positiveDuration, {
      help: 'How often a connection is pinged; without a reply within 10 s it is closed.',
    }),
    maxConnectionIdleMs: defaulted('GATEWAY_GRPC_MAX_CONNECTION_IDLE', '5m', positiveDuration, {
      help: 'How long a connection without calls stays open.',
    }),
    maxConnectionAgeMs: defaulted('GATEWAY_GRPC_MAX_CONNECTION_AGE', '1h', positiveDuration, {
      help: 'After how long (plus or minus a tenth) a client is asked to open a new connection.',
    }),
    maxConnectionAgeGraceMs: defaulted('GATEWAY_GRPC_MAX_CONNECTION_AGE_GRACE', '30s', positiveDuration, {
      help: 'How long the calls and streams of such a connection may continue before it is cut.',
    }),
    directEvents: defaulted('GATEWAY_GRPC_DIRECT_EVENTS', 'true', boolean, {
      help: 'Whether events are written to HTTP/2 streams as they are, past grpc-js, which saves CPU time. `false`: grpc-js writes them.',
    }),
  },
  admin: {
    addr: optional('GATEWAY_ADMIN_HTTP_ADDR', listenAddress, {
      help: 'Where the admin HTTP listener (`GET /metrics`, Prometheus text) binds. Unset: it is not started.',
    }),
  },
  trustedProxies: optional('GATEWAY_TRUSTED_PROXIES', addressList, {
    help: 'Addresses and networks, separated by commas, whose X-Forwarded-For is trusted. Unset: none.',
  }),
  rateLimits: rateLimitVariables,
  redis: {
    addr: redisAddress('GATEWAY', 'stores the replay reservations. It must not evict keys', 'ADDR', [
      'GATEWAY_REDIS_CLUSTER_ADDRS',
    ]),
    clusterAddrs: redisClusterAddrs('GATEWAY_REDIS', 'in place of GATEWAY_REDIS_ADDR'),
    password: defaulted('GATEWAY_REDIS_PASSWORD', '', anyText, {
      help: 'Its password; empty for none.',
      secret: true,
      mayBeEmpty: true,
    }),
    operationTimeoutMs: redisOperationTimeout('GATEWAY', '1s'),
    ...redisLinkVariables('GATEWAY'),
  },
  backend: {
    httpUrl: required('GATEWAY_BACKEND_HTTP_URL', httpUrl, {
      help: 'Base URL of the backend’s service listener, such as http://127.0.0.1:8081.',
    }),
    grpcAddr: required('GATEWAY_BACKEND_GRPC_ADDR', peerAddress, {
      help: 'host:port of the backend’s push listener, such as 127.0.0.1:9092.',
    }),
    timeoutMs: defaulted('GATEWAY_BACKEND_TIMEOUT', '5s', positiveDuration, {
      help: 'Bound on one call to the backend or the lobby.',
    }),
  },
  game: {
    httpUrl: optional('GATEWAY_GAME_HTTP_URL', httpUrl, {
      help: 'Base URL of the Game Master’s public listener, such as http://127.0.0.1:8098. Unset: there are no message types `game.*`.',
    }),
    timeoutMs: defaulted('GATEWAY_GAME_TIMEOUT', '10s', positiveDuration, {
      help: 'Bound on one call to the Game Master, which asks engines: 2 s for the check of orders, 2 s for a turn that they complete.',
    }),
  },
  lobby: {
    httpUrl: optional('GATEWAY_LOBBY_HTTP_URL', httpUrl, {
      help: 'Base URL of the lobby’s public listener. Unset: lobby commands go to the backend, which forwards them.',
    }),
  },
  upstreamToken: optional('GATEWAY_UPSTREAM_TOKEN', bearerToken, {
    help: 'Bearer token that calls to backend, lobby and Game Master carry.',
    secret: true,
  }),
  push: {
    staleAfterMs: defaulted('GATEWAY_PUSH_STALE_AFTER', '15s', positiveDuration, {
      help: 'How far behind the push log the gateway may be before it looks up the sessions of open streams again.',
    }),
    unverifiedAfterMs: defaulted('GATEWAY_PUSH_UNVERIFIED_AFTER', '60s', positiveDuration, {
      help: 'How long a stream stays open while its session cannot be verified.',
    }),
    queueEvents: defaulted('GATEWAY_PUSH_QUEUE_EVENTS', '256', integer(1, 100_000), {
      help: 'How many events may wait for one stream before it ends as too slow.',
    }),
    queueBytes: defaulted('GATEWAY_PUSH_QUEUE_BYTES', '1048576', integer(1_024, 1_073_741_824), {
      help: 'How many bytes of events may wait for one stream before it ends as too slow.',
    }),
    stallTimeoutMs: defaulted('GATEWAY_PUSH_STALL_TIMEOUT', '30s', positiveDuration, {
      help: 'How long a client may read nothing while events wait for its stream before that ends as too slow.',
    }),
    maxStreamsPerSession: defaulted('GATEWAY_MAX_STREAMS_PER_SESSION', '2', integer(1, 1_000), {
      help: 'How many event streams one device session may have open at one gateway; one more ends the oldest.',
    }),
    maxStreamsPerUser: defaulted('GATEWAY_MAX_STREAMS_PER_USER', '16', integer(1, 1_000), {
      help: 'How many event streams one user may have open at one gateway; one more ends the oldest.',
    }),
  },
  responseSignerPrivateKeyPath: required('GATEWAY_RESPONSE_SIGNER_PRIVATE_KEY_PATH', filePath, {
    help: 'File with the Ed25519 private key (PKCS#8 PEM) that signs responses and events.',
  }),
  responseSignerOtherKeysPath: optional('GATEWAY_RESPONSE_SIGNER_OTHER_KEYS_PATH', filePath, {
    help: 'JSON file with next and retired public keys to publish; see response-keys.md.',
  }),
  freshnessWindowMs: defaulted('GATEWAY_FRESHNESS_WINDOW', '5m', positiveDuration, {
    help: 'How old a signed request may be.',
  }),
  logLevel: logLevelVariable('GATEWAY'),
  shutdownTimeoutMs: shutdownTimeoutVariable('GATEWAY', 'running requests'),
};

export type GatewayConfig = Values<typeof gatewayVariables>;
