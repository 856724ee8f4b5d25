import type { Logger } from '../../telemetry/logger.ts';
import type { PushHub } from './hub.ts';
import type { PushListener } from './push-client.ts';
import { applyRevocation } from './revocation.ts';
import type { SessionVerification } from './session-verification.ts';

/** Applies the frames of the push log to the open streams. */
export function createPushListener(
  hub: Pick<PushHub, 'publish' | 'revokeSession' | 'resync' | 'resyncUser'>,
  verification: Pick<SessionVerification, 'gap'>,
  log: Pick<Logger, 'debug'>,
): PushListener {
  return {
    clientEvent: (event) => hub.publish(event),
    sessionInvalidation: (invalidation) => applyRevocation(hub, invalidation, log),
    eventLost: (userId) => hub.resyncUser(userId),
    gap: () => {
      verification.gap();
      hub.resync();
    },
  };
}
