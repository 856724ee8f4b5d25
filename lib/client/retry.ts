// Which failures pass by themselves, and how long to wait before the next attempt.
import { gatewayReasons, grpcStatus } from '../errors/gateway-reasons.ts';
import { CommandError } from './command-error.ts';
import { GatewayError } from './gateway-error.ts';
import { PublicHttpError } from './public-http.ts';

const firstPauseMs = 200;
const longestPauseMs = 30_000;
/** A refusal is not signed, so what it asks for is bounded; a timer could not wait for more than 24 days anyway. */
const longestRequestedPauseMs = 5 * 60_000;

/** Statuses without a reason of the gateway come from gRPC, as when a connection was lost or a proxy cut it. */
const passingStatuses: ReadonlySet<number> = new Set([
  grpcStatus.CANCELLED,
  grpcStatus.UNKNOWN,
  grpcStatus.DEADLINE_EXCEEDED,
  grpcStatus.RESOURCE_EXHAUSTED,
  grpcStatus.ABORTED,
  grpcStatus.INTERNAL,
  grpcStatus.UNAVAILABLE,
]);

/** Of commands: a service behind the gateway, or an engine, is away for a while. */
const passingCodes: ReadonlySet<string> = new Set(['service_unavailable', 'engine_unavailable']);

/** Whether the same may succeed later, sent as a new request. */
export function isPassing(error: unknown): boolean {
  if (error instanceof PublicHttpError) return error.isPassing;
  if (error instanceof CommandError) return passingCodes.has(error.code);
  if (!(error instanceof GatewayError)) return false;
  const known = Object.entries(gatewayReasons).find(([reason]) => reason === error.reason);
  return known === undefined ? passingStatuses.has(error.grpcCode) : known[1].retryable;
}

/**
 * How long to wait after so many failures in a row: a random time below a bound that doubles (full jitter, as thousands of
 * clients may have lost the same gateway), but not less than the last one asked for.
 * @param failures before this one.
 */
export function pauseMs(failures: number, error?: unknown): number {
  const boundMs = Math.min(firstPauseMs * 2 ** failures, longestPauseMs);
  const requestedMs =
    error instanceof GatewayError || error instanceof PublicHttpError ? error.retryAfterMs : 0;
  return Math.max(Math.min(requestedMs, longestRequestedPauseMs), Math.random() * boundMs);
}

/**
 * Does something again for as long as it fails in a way that passes.
 * @param limits.patienceMs after which no other attempt begins.
 * @throws what the last attempt threw; at once when the next one would have to wait longer than the patience.
 */
export async function persistently<T>(
  work: () => Promise<T>,
  limits: { patienceMs: number; signal: AbortSignal },
): Promise<T> {
  const giveUpAt = performance.now() + limits.patienceMs;
  for (let failures = 0; ; failures += 1) {
    try {
      return await work();
    } catch (error) {
      const pause = pauseMs(failures, error);
      if (!isPassing(error) || performance.now() + pause >= giveUpAt) throw error;
      await sleep(pause, limits.signal);
      if (limits.signal.aborted) throw error;
    }
  }
}

/** Waits, or returns at once when `signal` aborts. */
export function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}
