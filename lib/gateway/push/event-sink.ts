import type { Rejection } from '../domain/rejection.ts';

/** The client of one event stream, as its transport reaches it. */
export type EventSink = {
  /**
   * Writes the frame of a serialised GatewayEvent, and calls back when the network has taken it; with an error, or never,
   * when the client has gone. One at a time.
   */
  write(frame: Buffer, onTaken: (error?: Error | null) => void): void;
  /** Ends the stream with this status, after the event that is being written. */
  end(rejection: Rejection): void;
  /** Calls back when the client has gone. */
  onGone(gone: () => void): void;
  /** How many bytes the client has taken so far. */
  bytesTaken(): number;
};
