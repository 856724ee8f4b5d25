import { type Logger, pino } from 'pino';
import { toLoggedError } from './logged-error.ts';

export type { Logger } from 'pino';

/**
 * Structured JSON logs on standard output. Secrets are kept out by not logging them; the redaction below is the
 * second line for objects that carry one by accident.
 */
export function createLogger(options: { service: string; level: string }): Logger {
  return pino({
    level: options.level,
    base: { service: options.service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { error: toLoggedError },
    redact: {
      paths: ['authorization', 'password', 'token', '*.authorization', '*.password', '*.token'],
      censor: '[redacted]',
    },
  });
}
