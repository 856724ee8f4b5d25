import { type Logger, pino } from 'pino';
import { logSettings } from './log-settings.ts';

export type { Logger } from 'pino';

// Synchronous: with pino's buffered default a process whose log reader has died never ends, since the flush at its exit
// retries a broken pipe without end.
const standardOutput = pino.destination({ fd: 1, sync: true });

/** Structured JSON logs on standard output. */
export function createLogger(options: { service: string; level: string }): Logger {
  const settings = {
    ...logSettings,
    level: options.level,
    base: { service: options.service },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return pino(settings, standardOutput);
}
