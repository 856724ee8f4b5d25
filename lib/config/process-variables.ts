// The variables that every long-lived process takes, under the service's prefix.
import { duration, logLevel } from './types.ts';
import { defaulted } from './variables.ts';

/** @param note a further sentence for the help. */
export function logLevelVariable(service: string, note?: string) {
  const help = ['Least severe log line that is written.', note].filter(Boolean).join(' ');
  return defaulted(`${service}_LOG_LEVEL`, 'info', logLevel, { help });
}

/**
 * @param work what the process finishes during the drain, such as `running requests`.
 * @param note a further sentence for the help.
 */
export function shutdownTimeoutVariable(service: string, work: string, note?: string) {
  const help = [`How long ${work} may take to finish after SIGTERM.`, note].filter(Boolean).join(' ');
  return defaulted(`${service}_SHUTDOWN_TIMEOUT`, '15s', duration, { help });
}
