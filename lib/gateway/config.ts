import {
  anyText,
  boolean,
  duration,
  filePath,
  httpUrl,
  listenAddress,
  logLevel,
  peerAddress,
  positiveDuration,
  text,
} from '../config/types.ts';
import { defaulted, optional, required, type Values } from '../config/variables.ts';

export const gatewayVariables = {
  publicHttp: {
    addr: defaulted('GATEWAY_PUBLIC_HTTP_ADDR', ':8080', listenAddress, {
      help: 'Where the public HTTP listener (probes, sign-in) binds.',
    }),
    readHeaderTimeoutMs: defaulted('GATEWAY_PUBLIC_HTTP_READ_HEADER_TIMEOUT', '2s', positiveDuration, {
      help: 'How long a client may take to send its headers.',
    }),
    readTimeoutMs: defaulted('GATEWAY_PUBLIC_HTTP_READ_TIMEOUT', '10s', positiveDuration, {
      help: 'How long a client may take to send a whole request.',
    }),
    idleTimeoutMs: defaulted('GATEWAY_PUBLIC_HTTP_IDLE_TIMEOUT', '1m', positiveDuration, {
      help: 'How long an unused connection is kept.',
    }),
  },
  authenticatedGrpc: {
    addr: defaulted('GATEWAY_AUTHENTICATED_GRPC_ADDR', ':9090', listenAddress, {
      help: 'Where the authenticated gRPC listener binds.',
    }),
  },
  admin: {
    addr: optional('GATEWAY_ADMIN_HTTP_ADDR', listenAddress, {
      help: 'Where the admin HTTP listener (`GET /metrics`, Prometheus text) binds. Unset: it is not started.',
    }),
  },
  redis: {
    addr: required('GATEWAY_REDIS_ADDR', peerAddress, {
      help: 'host:port of the Redis that keeps the anti-replay reservations. It must not evict keys.',
    }),
    password: defaulted('GATEWAY_REDIS_PASSWORD', '', anyText, {
      help: 'Its password; empty for none.',
      secret: true,
      mayBeEmpty: true,
    }),
    operationTimeoutMs: defaulted('GATEWAY_REDIS_OPERATION_TIMEOUT', '1s', positiveDuration, {
      help: 'Bound on connecting to Redis and on one command.',
    }),
    tls: defaulted('GATEWAY_REDIS_TLS_ENABLED', 'false', boolean, { help: 'Whether to connect with TLS.' }),
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
  lobby: {
    httpUrl: optional('GATEWAY_LOBBY_HTTP_URL', httpUrl, {
      help: 'Base URL of the lobby’s public listener. Unset: lobby commands go to the backend, which passes them on.',
    }),
  },
  upstreamToken: optional('GATEWAY_UPSTREAM_TOKEN', text, {
    help: 'Bearer token that calls to backend and lobby carry.',
    secret: true,
  }),
  push: {
    staleAfterMs: defaulted('GATEWAY_PUSH_STALE_AFTER', '15s', positiveDuration, {
      help: 'How far back the push log may be known before the sessions of open streams are looked up again.',
    }),
    unverifiedAfterMs: defaulted('GATEWAY_PUSH_UNVERIFIED_AFTER', '60s', positiveDuration, {
      help: 'How long a stream stays open while its session cannot be verified.',
    }),
  },
  responseSignerPrivateKeyPath: required('GATEWAY_RESPONSE_SIGNER_PRIVATE_KEY_PATH', filePath, {
    help: 'File with the Ed25519 private key (PKCS#8 PEM) that signs answers and events.',
  }),
  freshnessWindowMs: defaulted('GATEWAY_FRESHNESS_WINDOW', '5m', positiveDuration, {
    help: 'How old a signed request may be.',
  }),
  logLevel: defaulted('GATEWAY_LOG_LEVEL', 'info', logLevel, {
    help: 'Least severe log line that is written.',
  }),
  shutdownTimeoutMs: defaulted('GATEWAY_SHUTDOWN_TIMEOUT', '15s', duration, {
    help: 'How long running requests may take to finish after SIGTERM.',
  }),
};

export type GatewayConfig = Values<typeof gatewayVariables>;
