import pino from 'pino/browser.js';
import { logSettings } from './log-settings.ts';
import type { Logger } from './logger.ts';

/** Writes the same JSON lines as logger.ts through the console, for runtimes without standard output. */
export function createConsoleLogger(
  options: { service: string; level: string },
  write: (line: string) => void = console.log,
): Logger {
  const { formatters, serializers, redact } = logSettings;
  return pino({
    serializers,
    redact,
    level: options.level,
    timestamp: () => new Date().toISOString(),
    browser: {
      formatters,
      serialize: Object.keys(serializers),
      write: (entry: object) => write(JSON.stringify({ service: options.service, ...entry })),
    },
  });
}
