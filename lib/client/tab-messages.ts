// What the tabs of a device session tell each other on their BroadcastChannel.
import type { EventsAfter } from './recent-events.ts';
import type { EventMessage } from './transport.ts';

/** What a tab has handled; the leader sends what comes after it. */
export type TabReport = { kind: 'report'; tab: string; lastEventId: string | undefined };

export type LeaderMessage =
  /** A tab leads from now on, and asks all others to report. */
  | { kind: 'elected' }
  /** The leader is alive. @param lastEventId of the last event that it has sent; undefined before its stream is open. */
  | { kind: 'beat'; lastEventId: string | undefined }
  /** A stream has begun; or, to one tab, what follows what it has reported. */
  | ({ kind: 'events'; tab: string | undefined; serverTimeMs: number } & EventsAfter)
  /** The next event, as the gateway signed it. */
  | { kind: 'event'; message: EventMessage };
