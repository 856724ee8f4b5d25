// Reports to the backend that sessions are used, in the background, after their signatures were verified. The backend says
// in its look-ups whether it wants to know, which is once an hour for each session, so nearly no request causes a report.
import { randomUUID } from 'node:crypto';
import type { Logger } from '../../telemetry/logger.ts';
import type { UpstreamService } from './upstream.ts';

/** While a report fails, requests cause no others. */
const pauseMs = 30_000;

export type ReportUse = (deviceSessionId: string) => void;

/** @param backend not the pool of session look-ups, which strangers can keep busy. */
export function createUseReports(
  backend: Pick<UpstreamService, 'call' | 'unavailable'>,
  log: Pick<Logger, 'warn'>,
): ReportUse {
  const running = new Set<string>();
  let pausedUntil = Number.NEGATIVE_INFINITY;

  async function report(deviceSessionId: string): Promise<void> {
    running.add(deviceSessionId);
    try {
      const { status } = await backend.call({
        method: 'POST',
        target: `/api/v1/internal/sessions/${deviceSessionId}/use`,
        headers: { 'x-request-id': randomUUID() },
        signal: new AbortController().signal,
      });
      if (status !== 200) throw backend.unavailable(`the report of a use responded with ${status}`);
    } catch (error) {
      const now = performance.now();
      if (now >= pausedUntil) log.warn({ error }, 'the use of sessions could not be reported');
      pausedUntil = now + pauseMs;
    } finally {
      running.delete(deviceSessionId);
    }
  }

  return (deviceSessionId) => {
    if (!running.has(deviceSessionId) && performance.now() >= pausedUntil) void report(deviceSessionId);
  };
}
