import type { ServerOptions } from '@grpc/grpc-js';
import { maxPayloadBytes } from './domain/envelope-checks.ts';

/** The largest payload and room for the other fields of an envelope. */
const maxMessageBytes = maxPayloadBytes + 16 * 1024;

export const grpcServerOptions: ServerOptions = {
  'grpc.max_receive_message_length': maxMessageBytes,
  'grpc.max_concurrent_streams': 128,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.enable_channelz': 0,
};
