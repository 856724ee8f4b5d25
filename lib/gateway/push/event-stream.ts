import type { Rejection } from '../domain/envelope-checks.ts';

/** One client's stream of events. */
export type EventStream = {
  readonly deviceSessionId: string;
  readonly userId: string;
  /** When the session was known to be active, by the gateway's clock in ms; whoever verifies it again sets it. */
  verifiedAt: number;
  /** Ends the stream with this status. */
  end(rejection: Rejection): void;
};
