import type { ServiceError } from '@grpc/grpc-js';
import { ErrorInfo, RetryInfo } from '../protocol/generated/google/rpc/error_details.ts';
import { Status } from '../protocol/generated/google/rpc/status.ts';

/** The gateway itself refused a request or ended a stream. `reason` is from the ErrorInfo, empty without one. */
export class GatewayError extends Error {
  readonly grpcCode: number;
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** How long to wait before a retry, from the RetryInfo; 0 without one. */
  readonly retryAfterMs: number;

  constructor(cause: ServiceError) {
    super(cause.details, { cause });
    this.name = 'GatewayError';
    this.grpcCode = cause.code;
    const details = statusDetails(cause);
    const info = details.find(({ typeUrl }) => typeUrl.endsWith('/google.rpc.ErrorInfo'));
    const retry = details.find(({ typeUrl }) => typeUrl.endsWith('/google.rpc.RetryInfo'));
    const { reason, metadata } = info ? ErrorInfo.decode(info.value) : { reason: '', metadata: {} };
    this.reason = reason;
    this.metadata = metadata;
    const delay = retry && RetryInfo.decode(retry.value).retryDelay;
    this.retryAfterMs = delay ? Number(delay.seconds) * 1_000 + delay.nanos / 1_000_000 : 0;
  }

  /** The request was dated by a clock that is wrong; `serverTimeMs` sets it. */
  get isStale(): boolean {
    return this.reason === 'STALE_REQUEST' && Number.isSafeInteger(this.serverTimeMs);
  }

  /** The gateway's clock when it refused a stale request; NaN in other errors. */
  get serverTimeMs(): number {
    return Number(this.metadata.server_time_ms);
  }
}

function statusDetails(error: ServiceError): Status['details'] {
  const details = error.metadata.get('grpc-status-details-bin')[0];
  return details instanceof Uint8Array ? Status.decode(details).details : [];
}
