import type { Rejection } from '../domain/envelope-checks.ts';

/** One client's stream of events. */
export type EventStream = {
  readonly deviceSessionId: string;
  readonly userId: string;
  /**
   * When the look-up began that found the session active, on the scale of `performance.now()` (a clock that is set
   * changes nothing); whoever verifies it again sets it.
   */
  verifiedAt: number;
  /** Ends the stream with this status. */
  end(rejection: Rejection): void;
};
