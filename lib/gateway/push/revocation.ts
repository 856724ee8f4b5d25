// What the gateway does with a revocation that the push log reports: it ends every stream of the revoked device
// sessions, also streams whose subscription is still being checked. Requests need nothing here: each looks its session
// up at the backend. session-verification.ts finds revocations that the push log could not deliver.
import type { SessionInvalidation } from '../../protocol/generated/galaxy/push/v1/push.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { PushHub } from './hub.ts';

export function applyRevocation(
  hub: Pick<PushHub, 'revokeSession'>,
  { userId, deviceSessionIds }: Pick<SessionInvalidation, 'userId' | 'deviceSessionIds'>,
  log: Pick<Logger, 'debug'>,
): void {
  for (const id of deviceSessionIds) hub.revokeSession(id);
  log.debug({ user_id: userId, sessions: deviceSessionIds.length }, 'sessions revoked');
}
