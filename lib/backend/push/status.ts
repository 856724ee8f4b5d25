import { status } from '@grpc/grpc-js';

/** How a call of the push service ends: a gRPC status, and a sentence for the gateway's log. */
export class PushStatus extends Error {
  readonly code: status;

  constructor(code: status, message: string) {
    super(message);
    this.name = 'PushStatus';
    this.code = code;
  }
}

export const logUnavailable = () =>
  new PushStatus(status.UNAVAILABLE, 'The push log cannot be reached; subscribe again with the last cursor.');

export const stopping = () =>
  new PushStatus(status.UNAVAILABLE, 'This push server is stopping; subscribe again with the last cursor.');

export const tooSlow = (bound: string) =>
  new PushStatus(
    status.RESOURCE_EXHAUSTED,
    `This gateway reads more slowly than events arrive (${bound}); subscribe again with the last cursor.`,
  );
