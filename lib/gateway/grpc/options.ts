// The bounds of the authenticated gRPC listener; docs/limits.md says which part of the process enforces each.
import type { ServerOptions } from '@grpc/grpc-js';
import type { StreamBounds } from '../../node/http2-streams.ts';
import type { GatewayConfig } from '../config.ts';
import { maxPayloadBytes } from '../domain/envelope-checks.ts';
import { explainRefusals } from './refusals.ts';

/** The largest payload and room for the other fields of an envelope. */
const maxMessageBytes = maxPayloadBytes + 16 * 1024;

export const grpcStreamBounds: StreamBounds = {
  maxHeaderBytes: 16 * 1024,
  requestTimeoutMs: 10_000,
  // Requests of honest clients mostly arrive in one piece, so few are unfinished at a time. All unfinished requests
  // together use at most this many times `maxMessageBytes`: 136 MiB.
  maxUnfinishedRequests: 512,
  stallTimeoutMs: 60_000,
};

export function grpcServerOptions(config: GatewayConfig['authenticatedGrpc']): ServerOptions {
  return {
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_concurrent_streams': 128,
    'grpc.keepalive_time_ms': config.keepaliveIntervalMs,
    'grpc.keepalive_timeout_ms': Math.min(10_000, config.keepaliveIntervalMs),
    'grpc.max_connection_idle_ms': config.maxConnectionIdleMs,
    'grpc.max_connection_age_ms': config.maxConnectionAgeMs,
    'grpc.max_connection_age_grace_ms': config.maxConnectionAgeGraceMs,
    interceptors: [explainRefusals],
  };
}
