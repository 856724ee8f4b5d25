import { toLoggedError } from './logged-error.ts';

/**
 * What every log line is made with, whichever build of pino writes it. Secrets are kept out by not logging them; the
 * redaction is the second line for objects that carry one by accident.
 */
export const logSettings = {
  formatters: { level: (label: string) => ({ level: label }) },
  serializers: { error: toLoggedError },
  redact: {
    paths: ['authorization', 'password', 'token', '*.authorization', '*.password', '*.token'],
    censor: '[redacted]',
  },
};
