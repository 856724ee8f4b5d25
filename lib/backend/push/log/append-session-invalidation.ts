import { isUuid } from '../../../protocol/ids.ts';
import { encodeCursor, parseStreamId } from '../../domain/log-position.ts';
import { type PushLog, readText, run, script } from './log.ts';

export type SessionInvalidation = {
  userId: string;
  /** At least one. */
  deviceSessionIds: readonly string[];
  /** Such as `revoked`, `account_blocked`, `account_deleted`. */
  reason: string;
};

// ARGV 2 user id, 3 device session ids joined by commas, 4 reason.
// Returns {epoch, stream id}.
const appendScript = script(`
local epoch = log_state()
return {epoch, redis.call('XADD', KEYS[2], '*', 'kind', 'session_invalidation', 'epoch', epoch,
  'user_id', ARGV[2], 'device_session_ids', ARGV[3], 'reason', ARGV[4])}
`);

/**
 * Notifies every gateway that these sessions have ended. Appending it twice is harmless.
 * @returns its cursor in the global stream.
 * @throws PushLogUnavailable; RangeError without a session, or when an id is not a UUID.
 */
export async function appendSessionInvalidation(
  log: PushLog,
  { userId, deviceSessionIds, reason }: SessionInvalidation,
): Promise<string> {
  if (!isUuid(userId) || deviceSessionIds.length === 0 || !deviceSessionIds.every(isUuid)) {
    throw new RangeError('a session invalidation must name a user id and at least one device session id');
  }
  const [epoch, id] = await run(log, appendScript, [], [userId, deviceSessionIds.join(','), reason]);
  return encodeCursor({ epoch: readText(epoch), id: parseStreamId(readText(id)) });
}
