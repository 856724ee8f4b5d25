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

/** What the client is told of an error; one that nobody expected tells it nothing. */
export function toRejection(error: unknown): Rejection {
  if (error instanceof RejectedError) return error.rejection;
  return { reason: 'INTERNAL', message: 'Something went wrong in the gateway.' };
}
