import { pino } from 'pino';
import { toLoggedError } from '../../../lib/telemetry/logged-error.ts';
import type { Logger } from '../../../lib/telemetry/logger.ts';

export type LogLine = { level: string; msg: string; [field: string]: unknown };

/** A logger that records its lines for a test. */
export function recordingLog(): { log: Logger; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const settings = {
    level: 'debug',
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: toLoggedError },
  };
  return { log: pino(settings, { write: (line: string) => lines.push(JSON.parse(line)) }), lines };
}
