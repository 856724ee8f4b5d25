import { type DestinationStream, type Logger, pino } from 'pino';
import { LogOutput, logInstruments, nonBlockingOutput } from './log-output.ts';
import { logSettings } from './log-settings.ts';

export type { Logger } from 'pino';

let standardOutput: LogOutput | undefined;

type LoggerOptions = { service: string; level: string };

/** Structured JSON logs on standard output. */
export function createLogger(options: LoggerOptions): Logger {
  standardOutput ??= openStandardOutput();
  const log = logTo(standardOutput, options);
  standardOutput.onDrops = (dropped) =>
    log.warn({ dropped }, 'log lines were dropped: nothing read standard output fast enough');
  logInstruments.start();
  return log;
}

export function logTo(destination: DestinationStream, { service, level }: LoggerOptions): Logger {
  const timestamp = pino.stdTimeFunctions.isoTime;
  const log = pino({ ...logSettings, level, base: { service }, timestamp }, destination);
  redactObjectsAlone(log);
  return log;
}

function openStandardOutput(): LogOutput {
  const output = new LogOutput(nonBlockingOutput());
  process.on('exit', () => output.flushSync());
  return output;
}

/**
 * pino passes every value of a line to the redaction of `*.token`, also texts and numbers, in which it can find nothing:
 * half of what a line costs.
 */
function redactObjectsAlone(log: Logger): void {
  const { stringifiersSym, wildcardFirstSym } = pino.symbols;
  const stringifiers: Record<symbol, (value: unknown, ...rest: unknown[]) => string> = Reflect.get(
    log,
    stringifiersSym,
  );
  const redact = stringifiers[wildcardFirstSym];
  if (redact === undefined) throw new TypeError('this version of pino keeps its redaction elsewhere');
  stringifiers[wildcardFirstSym] = (value, ...rest) =>
    typeof value === 'object' ? redact(value, ...rest) : JSON.stringify(value);
}
