import { Code, ConnectError } from '@connectrpc/connect';
import { errorDomain, gatewayReasons } from '../../errors/gateway-reasons.ts';
import { ErrorInfoSchema, RetryInfoSchema } from '../../protocol/generated/es/google/rpc/error_details_pb.ts';
import { type Rejection, retryDelay } from '../domain/rejection.ts';

/** The error of Connect and gRPC-Web for a rejection: the status, ErrorInfo and RetryInfo are those of native gRPC. */
export function toConnectError({ reason, message, metadata, retryAfterMs }: Rejection): ConnectError {
  const info = { desc: ErrorInfoSchema, value: { reason, domain: errorDomain, metadata: { ...metadata } } };
  const code: Code = gatewayReasons[reason].status;
  const text = `${reason}: ${message}`;
  if (retryAfterMs === undefined) return new ConnectError(text, code, undefined, [info]);
  const retry = { desc: RetryInfoSchema, value: { retryDelay: retryDelay(retryAfterMs) } };
  const headers = { 'retry-after': String(Math.ceil(retryAfterMs / 1_000)) };
  return new ConnectError(text, code, headers, [info, retry]);
}

/** The client's own deadline has passed. */
export function deadlineExceeded(): ConnectError {
  return new ConnectError('The deadline of the call has passed.', Code.DeadlineExceeded);
}
