import type { PushHub } from './hub.ts';
import type { PushListener } from './push-client.ts';
import type { SessionVerification } from './session-verification.ts';

/** Turns what the push service says into what happens to the open streams. */
export function createPushDispatcher(
  hub: Pick<PushHub, 'publish' | 'revokeDeviceSession' | 'revokeAllForUser' | 'resync' | 'resyncUser'>,
  verification: Pick<SessionVerification, 'gap'>,
): PushListener {
  return {
    clientEvent: (event) => hub.publish(event),
    sessionInvalidation: ({ userId, deviceSessionIds }) => {
      const [first, ...others] = deviceSessionIds;
      if (first !== undefined && others.length === 0) hub.revokeDeviceSession(first);
      else hub.revokeAllForUser(userId, deviceSessionIds);
    },
    eventLost: (userId) => hub.resyncUser(userId),
    gap: () => {
      verification.gap();
      hub.resync();
    },
  };
}
