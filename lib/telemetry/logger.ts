import { type Logger, pino } from 'pino';
import { LogOutput, logInstruments, nonBlockingOutput } from './log-output.ts';
import { logSettings } from './log-settings.ts';

export type { Logger } from 'pino';

let standardOutput: LogOutput | undefined;

/** Structured JSON logs on standard output. */
export function createLogger(options: { service: string; level: string }): Logger {
  standardOutput ??= openStandardOutput();
  const settings = {
    ...logSettings,
    level: options.level,
    base: { service: options.service },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  const log = pino(settings, standardOutput);
  standardOutput.onDrops = (dropped) =>
    log.warn({ dropped }, 'log lines were dropped: nothing read standard output fast enough');
  logInstruments.start();
  return log;
}

function openStandardOutput(): LogOutput {
  const output = new LogOutput(nonBlockingOutput());
  process.on('exit', () => output.flushSync());
  return output;
}
