import type { Rejection } from '../domain/rejection.ts';

/** The client of one event stream, as its transport reaches it. */
export type EventSink = {
  /** Writes a serialised GatewayEvent, and calls back when the network has taken it. One at a time. */
  write(bytes: Buffer, onTaken: () => void): void;
  /** Ends the stream with this status, after the event that is being written. */
  end(rejection: Rejection): void;
  /** Calls back when the client has gone. */
  onGone(gone: () => void): void;
  /** How many bytes the client has taken so far. */
  bytesTaken(): number;
};
