// Why the gateway refuses a request itself, instead of a signed response: the `reason` of a google.rpc.ErrorInfo
// (domain `galaxy.gateway`) and the gRPC status that carries it; event streams end with them, too. `retryable`:
// whether the client may send the same request, or open the stream, again. Numbers are gRPC status codes.

export const grpcStatus = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

export const errorDomain = 'galaxy.gateway';

export const gatewayReasons = {
  UNSUPPORTED_PROTOCOL_VERSION: { status: grpcStatus.FAILED_PRECONDITION, retryable: false },
  MALFORMED_ENVELOPE: { status: grpcStatus.INVALID_ARGUMENT, retryable: false },
  MESSAGE_TOO_LARGE: { status: grpcStatus.RESOURCE_EXHAUSTED, retryable: false },
  STALE_REQUEST: { status: grpcStatus.FAILED_PRECONDITION, retryable: false },
  PAYLOAD_HASH_MISMATCH: { status: grpcStatus.INVALID_ARGUMENT, retryable: false },
  UNKNOWN_MESSAGE_TYPE: { status: grpcStatus.UNIMPLEMENTED, retryable: false },
  SESSION_UNKNOWN: { status: grpcStatus.UNAUTHENTICATED, retryable: false },
  SESSION_REVOKED: { status: grpcStatus.UNAUTHENTICATED, retryable: false },
  BAD_SIGNATURE: { status: grpcStatus.UNAUTHENTICATED, retryable: false },
  REPLAY_DETECTED: { status: grpcStatus.FAILED_PRECONDITION, retryable: false },
  REPLAY_STORE_UNAVAILABLE: { status: grpcStatus.UNAVAILABLE, retryable: true },
  UPSTREAM_UNAVAILABLE: { status: grpcStatus.UNAVAILABLE, retryable: true },
  RATE_LIMITED: { status: grpcStatus.RESOURCE_EXHAUSTED, retryable: true },
  OVERLOADED: { status: grpcStatus.UNAVAILABLE, retryable: true },
  SLOW_CONSUMER: { status: grpcStatus.RESOURCE_EXHAUSTED, retryable: true },
  SUPERSEDED: { status: grpcStatus.ABORTED, retryable: false },
  RESYNC: { status: grpcStatus.ABORTED, retryable: true },
  UNVERIFIED: { status: grpcStatus.UNAVAILABLE, retryable: true },
  DRAINING: { status: grpcStatus.UNAVAILABLE, retryable: true },
  INTERNAL: { status: grpcStatus.INTERNAL, retryable: false },
} as const;

export type GatewayReason = keyof typeof gatewayReasons;
