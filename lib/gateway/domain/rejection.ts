import type { GatewayReason } from '../../errors/gateway-reasons.ts';

/** Why the gateway itself refuses a request or ends a stream, as the client gets it. */
export type Rejection = {
  readonly reason: GatewayReason;
  readonly message: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Sent as a google.rpc.RetryInfo. */
  readonly retryAfterMs?: number;
};

/** A request that the gateway itself refuses; becomes a gRPC status with an ErrorInfo. */
export class RejectedError extends Error {
  readonly rejection: Rejection;

  constructor(rejection: Rejection, options?: ErrorOptions) {
    super(`${rejection.reason}: ${rejection.message}`, options);
    this.name = 'RejectedError';
    this.rejection = rejection;
  }
}

/** The rejection that the client gets for an error; an unexpected error gives no details away. */
export function toRejection(error: unknown): Rejection {
  if (error instanceof RejectedError) return error.rejection;
  return { reason: 'INTERNAL', message: 'Something went wrong in the gateway.' };
}

/** The time of a RetryInfo, as a google.protobuf.Duration. */
export function retryDelay(afterMs: number): { seconds: bigint; nanos: number } {
  const ms = Math.ceil(afterMs);
  return { seconds: BigInt(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1_000_000 };
}
