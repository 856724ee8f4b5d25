import type { Logger } from '../../telemetry/logger.ts';
import type { ReadUserEvents } from './catch-up.ts';
import { PushReadError } from './push-reads.ts';

/**
 * Reads a user's log, and treats a malformed page like a position that was trimmed, provided that the head can still be
 * read: the client then reloads its state. Otherwise it would retry and get the same malformed page until the log
 * trims it.
 */
export function resyncOnUnusablePage(read: ReadUserEvents, log: Logger): ReadUserEvents {
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
