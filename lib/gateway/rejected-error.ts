import type { Rejection } from './domain/envelope-checks.ts';

/** A request that the gateway refuses by itself; becomes a gRPC status with an ErrorInfo. */
export class RejectedError extends Error {
  readonly rejection: Rejection;

  constructor(rejection: Rejection, options?: ErrorOptions) {
    super(`${rejection.reason}: ${rejection.message}`, options);
    this.name = 'RejectedError';
    this.rejection = rejection;
  }
}
