// The one place that deals with the process itself: environment, signals, exit codes.
import { StartupError } from '../config/startup.ts';
import type { Environment } from '../config/variables.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { flushTelemetry } from '../telemetry/flush.ts';
import type { Logger } from '../telemetry/logger.ts';
import { readSecretFiles } from './secret-files.ts';
import { stopSignal } from './stop-signal.ts';

/**
 * Runs a process until SIGTERM or SIGINT. `main` gets the environment and a signal that says when to stop, and
 * returns once it has drained. Exit code 0 after a clean stop, also during start-up; 1 after a refusal to start (one
 * line per problem on standard error) or a fault; 130 when a second signal cuts the drain short.
 */
export async function runProcess(
  name: string,
  main: (environment: Environment, stop: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = stopSignal();
  try {
    await main(readSecretFiles(process.env), stop);
    process.exitCode = 0;
  } catch (error) {
    // Start-up that waited for something when the process was told to stop throws the reason.
    const stopped = stop.aborted && error === stop.reason;
    process.exitCode = stopped ? 0 : 1;
    if (!stopped) process.stderr.write(`${describe(name, error)}\n`);
  }
  await flushTelemetry();
  // Anything that still holds the event loop (an exporter's timer, a socket of a peer) had its time to close.
  process.exit();
}

/**
 * Start-up, which ends when `stop` aborts, whatever it waits for: a store that does not respond, a lock of another
 * process. What it has opened ends with the process, and a transaction with its connection.
 * @throws the reason of `stop`, which ends the process with exit code 0.
 */
export async function startUnlessStopped<T>(stop: AbortSignal, start: () => Promise<T>): Promise<T> {
  stop.throwIfAborted();
  const started = await Promise.race([start(), aborted(stop)]);
  stop.throwIfAborted();
  return started as T;
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Waits for `work`, but no longer than `timeoutMs`; returns whether it finished in time. */
export async function within(timeoutMs: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, false);
  });
  try {
    return await Promise.race([work.then(() => true), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a started process needs for its end. */
export type Stoppable = {
  readonly config: { readonly shutdownTimeoutMs: number };
  readonly log: Logger;
  /** Closes connections; called when all work has ended. */
  close(): Promise<void>;
};

/**
 * Waits for `stop`, then drains within the shutdown time-out: `end` stops the running work and waits for it, then the
 * connections are closed.
 */
export async function untilStopped(
  { config, log, close }: Stoppable,
  stop: AbortSignal,
  end: () => Promise<unknown>,
): Promise<void> {
  await aborted(stop);
  log.info('draining');
  const drained = await within(config.shutdownTimeoutMs, end().then(close));
  log.info({ drained }, 'stopped');
}

function describe(name: string, error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return error.errors.map((one) => describe(name, one)).join('\n');
  }
  if (error instanceof StartupError) {
    const count = error.problems.length === 1 ? '1 problem' : `${error.problems.length} problems`;
    const lines = error.problems.map(({ variable, message }) => `  ${variable}: ${message}`);
    return [`${name} refuses to start: ${count}`, ...lines].join('\n');
  }
  if (error instanceof OperatorError) return `${name}: ${error.message}`;
  return `${name} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
