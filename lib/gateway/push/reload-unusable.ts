import type { Logger } from '../../telemetry/logger.ts';
import type { ReadUserEvents } from './join.ts';
import { PushReadError } from './push-client.ts';

/**
 * Reads a user's log such that an answer which makes no sense counts as a place that is gone, if the head at least can
 * be told: the client then reloads. Otherwise it would come back to the same answer for as long as the log keeps it.
 */
export function reloadUnusable(read: ReadUserEvents, log: Logger): ReadUserEvents {
  return async (userId, afterEventId, signal) => {
    try {
      return await read(userId, afterEventId, signal);
    } catch (error) {
      if (!(error instanceof PushReadError) || error.retryable || afterEventId === '') throw error;
      log.error({ error: error.cause, user_id: userId, after: afterEventId }, 'events cannot be used');
      const { headEventId } = await read(userId, '', signal);
      return { found: false, events: [], headEventId };
    }
  };
}
