import { toLoggedError } from './logged-error.ts';

/**
 * Settings of every logger, for both builds of pino. Secrets must not be logged in the first place; the redaction is a
 * second line of defence for objects that carry one by accident.
 */
export const logSettings = {
  formatters: { level: (label: string) => ({ level: label }) },
  serializers: { error: toLoggedError },
  redact: {
    paths: ['authorization', 'password', 'token', '*.authorization', '*.password', '*.token'],
    censor: '[redacted]',
  },
};
