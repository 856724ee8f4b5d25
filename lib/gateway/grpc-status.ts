import { Metadata, type StatusObject } from '@grpc/grpc-js';
import { errorDomain, gatewayReasons } from '../errors/gateway-reasons.ts';
import { ErrorInfo, RetryInfo } from '../protocol/generated/google/rpc/error_details.ts';
import { Status } from '../protocol/generated/google/rpc/status.ts';
import { type Rejection, retryDelay } from './domain/rejection.ts';

/**
 * The gRPC status of a rejection, with its reason as a google.rpc.ErrorInfo in `grpc-status-details-bin`, and a
 * RetryInfo if the rejection says when to retry.
 */
export function toGrpcStatus(rejection: Rejection): StatusObject {
  const code = gatewayReasons[rejection.reason].status;
  const info = ErrorInfo.encode({
    reason: rejection.reason,
    domain: errorDomain,
    metadata: { ...rejection.metadata },
  }).finish();
  const status = Status.encode({
    code,
    message: rejection.message,
    details: [
      { typeUrl: 'type.googleapis.com/google.rpc.ErrorInfo', value: Buffer.from(info) },
      ...(rejection.retryAfterMs === undefined ? [] : [retryInfo(rejection.retryAfterMs)]),
    ],
  }).finish();
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(status));
  return { code, details: `${rejection.reason}: ${rejection.message}`, metadata };
}

function retryInfo(afterMs: number) {
  const value = RetryInfo.encode({ retryDelay: retryDelay(afterMs) }).finish();
  return { typeUrl: 'type.googleapis.com/google.rpc.RetryInfo', value: Buffer.from(value) };
}
