import { type Logger, pino } from 'pino';
import { toLoggedError } from './logged-error.ts';

export type { Logger } from 'pino';

// Written at once: with pino's buffered default a process whose log reader has died never ends, since the flush at
// its exit tries again for ever when the pipe is broken.
const standardOutput = pino.destination({ fd: 1, sync: true });

/**
 * Structured JSON logs on standard output. Secrets are kept out by not logging them; the redaction below is the
 * second line for objects that carry one by accident.
 */
export function createLogger(options: { service: string; level: string }): Logger {
  const settings = {
    level: options.level,
    base: { service: options.service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: toLoggedError },
    redact: {
      paths: ['authorization', 'password', 'token', '*.authorization', '*.password', '*.token'],
      censor: '[redacted]',
    },
  };
  return pino(settings, standardOutput);
}
