// Maintenance of the push log: heartbeats and trimming. Every replica of the push process runs both; the script that
// appends a heartbeat allows one per interval, and trimming twice changes nothing.
import { sleep } from '../../node/sleep.ts';
import { runTicks } from '../../node/tick-loop.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { appendHeartbeat } from './log/append-heartbeat.ts';
import { type PushLog, PushLogUnavailable } from './log/log.ts';
import { trimOlderThan } from './log/trim.ts';

const retryAfterMs = 500;
const longestTrimIntervalMs = 60_000;

/** Appends a heartbeat whenever one is due, until `stop` aborts. */
export async function publishHeartbeats(
  log: PushLog,
  intervalMs: number,
  logger: Logger,
  stop: AbortSignal,
): Promise<void> {
  let failing = false;
  while (!stop.aborted) {
    let nextInMs = retryAfterMs;
    try {
      ({ nextInMs } = await appendHeartbeat(log, intervalMs));
      failing = false;
    } catch (error) {
      if (!(error instanceof PushLogUnavailable)) throw error;
      if (!failing && !stop.aborted)
        logger.warn({ error }, 'a heartbeat could not be appended; trying again');
      failing = true;
    }
    await sleep(nextInMs, stop);
  }
}

/** Removes entries older than `retentionMs`, until `stop` aborts. */
export async function trimPushLog(
  log: PushLog,
  retentionMs: number,
  logger: Logger,
  stop: AbortSignal,
): Promise<void> {
  await runTicks(
    {
      name: 'push log trimming',
      intervalMs: Math.min(longestTrimIntervalMs, retentionMs / 10),
      tick: async () => {
        const trimmed = await trimOlderThan(log, retentionMs);
        if (trimmed > 0) logger.debug({ trimmed }, 'push log trimmed');
      },
      log: logger,
    },
    stop,
  );
}
